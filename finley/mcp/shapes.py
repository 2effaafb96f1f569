"""The arguments and answers of tools as pydantic models, and short JSON schemas of these."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import core_schema

AS_OF = "As finley knew it at the end of this day"
CENTS = Decimal("0.01")
NULL = {"type": "null"}
NOISE = {"title", "minLength", "maxLength", "minItems"}  # keys that are left out of schemas


def _money(amount: Decimal) -> str:
    """The amount with two decimals, or with more if it has more."""
    rounded = amount.quantize(CENTS)
    return str(rounded if rounded == amount else amount.normalize())


def _storable(text: Any) -> Any:
    """Return the value unchanged. Raises ValueError for a text with NUL, which PostgreSQL cannot
    store."""
    if isinstance(text, str) and "\0" in text:
        raise ValueError("must not contain NUL")
    return text


@dataclass(frozen=True, slots=True)
class OneOf:
    """Annotates a field whose value must be one of these words."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.literal_schema(list(self.words))


Money = Annotated[Decimal, PlainSerializer(_money), WithJsonSchema({"type": "string"})]
Id = Annotated[UUID, WithJsonSchema({"type": "string"})]
Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date"})]
Word = Annotated[str, BeforeValidator(_storable), Field(min_length=1, max_length=200)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Offset = Annotated[int, Field(ge=0, le=1_000_000_000)]  # the integers of SQL are limited
Share = Annotated[float, PlainSerializer(lambda share: round(share, 4), return_type=float)]


class Arguments(BaseModel):
    """The arguments of a tool. Unknown arguments are refused."""

    model_config = ConfigDict(extra="forbid")


class AsOfArguments(Arguments):
    """Arguments of a tool that can answer as of a past day. A dump leaves `as_of` out, because the
    question itself does not take it."""

    as_of: Word | None = Field(None, exclude=True, description=AS_OF)


class Answer(BaseModel):
    """A tool's answer, or a part of it. Fields that are None are left out of the JSON."""


class Party(Answer):
    """A party. Other tools take its id as `party_id` or `party`."""

    party_id: Id
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool for assistants: a question with the models of its arguments and its answer. `ask`
    takes the tenant's id and the arguments, returns the answer, and raises GraphErrors."""

    name: str
    description: str
    arguments: type[Arguments]
    answer: type[Answer]
    ask: Callable[[UUID, Any], Answer]


def party_of(entity: Any) -> Party | None:
    """Convert an entity, which is a row or a dict, to a Party. None if the entity is None."""
    if entity is None:
        return None
    given = entity if isinstance(entity, dict) else vars(entity)
    return Party(party_id=given["id"], kind=given["kind"], name=given["name"])


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema, shortened: without titles, lengths and alternatives of null."""
    return cast("dict[str, Any]", _shortened(model.model_json_schema(), is_names=False))


def _shortened(value: Any, *, is_names: bool) -> Any:
    """The JSON schema without the keys that a reader does not need (_says_nothing).

    With `is_names`, the keys of `value` are names of fields, so none is left out.
    """
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
    """Return whether the key `name` of the schema `value` can be left out: it is a default of null,
    a docstring of a model, or one of NOISE."""
    if name == "default":
        return value[name] is None
    return name in NOISE or (name == "description" and "properties" in value)


def _without_required_null(value: dict[str, Any]) -> dict[str, Any]:
    """The schema without fields that may be null among the required ones, because an answer leaves
    them out if they are None."""
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
