"""What tools take and give: pydantic models, and their JSON schemas without what says nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import core_schema

CENTS = Decimal("0.01")
NULL = {"type": "null"}
NOISE = {"title", "minLength", "maxLength", "minItems"}  # words of a schema that help nobody


def _money(amount: Decimal) -> str:
    """Two decimals, or as many as the amount has."""
    rounded = amount.quantize(CENTS)
    return str(rounded if rounded == amount else amount.normalize())


def _storable(text: Any) -> Any:
    """PostgreSQL stores no NUL."""
    if isinstance(text, str) and "\0" in text:
        raise ValueError("must not contain NUL")
    return text


@dataclass(frozen=True, slots=True)
class OneOf:
    """Of a field's type: its values are these words."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.literal_schema(list(self.words))


Money = Annotated[Decimal, PlainSerializer(_money), WithJsonSchema({"type": "string"})]
Id = Annotated[UUID, WithJsonSchema({"type": "string"})]
Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date"})]
Word = Annotated[str, BeforeValidator(_storable), Field(min_length=1, max_length=200)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Offset = Annotated[int, Field(ge=0, le=1_000_000_000)]  # an int that SQL takes
Share = Annotated[float, PlainSerializer(lambda share: round(share, 4), return_type=float)]


class Arguments(BaseModel):
    """The arguments of a tool. An unknown one is refused."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """A part of a tool's answer. What has no value is left out."""


class Party(Answer):
    """Its id is what other tools take as `party_id`, or as a `party`."""

    party_id: Id
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A question that assistants ask: `ask` answers it for a tenant. It raises GraphErrors."""

    name: str
    description: str
    arguments: type[Arguments]
    answer: type[Answer]
    ask: Callable[[UUID, Any], Answer]


def party_of(entity: Any) -> Party | None:
    """The party of an answer's entity, a row or a dict; None where the books name none."""
    if entity is None:
        return None
    given = entity if isinstance(entity, dict) else vars(entity)
    return Party(party_id=given["id"], kind=given["kind"], name=given["name"])


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema, short: without titles, lengths and alternatives of null."""
    return cast("dict[str, Any]", _shortened(model.model_json_schema(), is_names=False))


def _shortened(value: Any, *, is_names: bool) -> Any:
    """`is_names`: the keys are names of fields, which may be like words of a schema."""
    if isinstance(value, list):
        return [_shortened(item, is_names=False) for item in value]
    if not isinstance(value, dict):
        return value
    if not is_names:
        value = _without_null(_without_required_null(value))
    return {
        name: _shortened(item, is_names=not is_names and name in {"properties", "$defs"})
        for name, item in value.items()
        if is_names or not _says_nothing(name, value)
    }


def _says_nothing(name: str, value: dict[str, Any]) -> bool:
    """Defaults of null, and docstrings: they are for developers."""
    if name == "default":
        return value[name] is None
    return name in NOISE or (name == "description" and "properties" in value)


def _without_required_null(value: dict[str, Any]) -> dict[str, Any]:
    """What has no value is left out of an answer, so it is not required."""
    if "required" not in value:
        return value
    fields = value["properties"]
    required = [name for name in value["required"] if NULL not in fields[name].get("anyOf", ())]
    return {**value, "required": required}


def _without_null(value: dict[str, Any]) -> dict[str, Any]:
    others = [item for item in value.get("anyOf", ()) if item != NULL]
    if len(others) != 1:
        return value
    return {**{name: item for name, item in value.items() if name != "anyOf"}, **others[0]}
