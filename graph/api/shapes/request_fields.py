"""Serializer fields for timestamps, lists of names, and cursors in requests."""

import base64
import json
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from graph.questions.search import After
from graph.reading import cursors
from graph.reading.cursors import Position


@extend_schema_field({"type": "string", "examples": ["2026-03-01", "2026-03-01T09:30:00Z"]})
class Timestamp(serializers.Field[datetime, str, str, Any]):
    """A request field for an ISO 8601 date, or date and time. Its value is a datetime in UTC.

    A time without a zone is UTC. A date without a time means the day's first moment, or its last
    one with `end`.
    """

    default_error_messages = {"invalid": "Must be a date, or a date and time, in ISO 8601."}

    def __init__(self, *, end: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._edge = time.max if end else time.min

    def to_internal_value(self, data: str) -> datetime:
        try:
            return self._read(data)
        except (ValueError, OverflowError):
            self.fail("invalid")

    def _read(self, data: str) -> datetime:
        try:
            return datetime.combine(date.fromisoformat(data), self._edge, UTC)
        except ValueError:
            parsed = datetime.fromisoformat(data)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


class Names(serializers.Field[list[str], str, str, Any]):
    """A request field for a list of names, separated by commas. Unknown names are errors."""

    default_error_messages = {"unknown": "There is no {name}. Known: {known}."}

    def __init__(self, known: list[str], **options: Any) -> None:
        super().__init__(**options)
        self.known = known

    def to_internal_value(self, data: str) -> list[str]:
        names = list(dict.fromkeys(name.strip() for name in data.split(",")))
        for name in names:
            if name not in self.known:
                text = repr(name[:50])
                self.fail("unknown", name=text, known=", ".join(self.known))
        return names

    def to_representation(self, value: list[str]) -> str:
        return ",".join(value)


class Words(serializers.Field[list[str], str, str, Any]):
    """A request field for a list of any words, separated by commas."""

    most, longest = 20, 100
    default_error_messages = {
        "invalid": "Must be 1 to {most} words of at most {longest} characters, with commas between."
    }

    def to_internal_value(self, data: str) -> list[str]:
        words = data.split(",")
        fit = all(0 < len(word) <= self.longest and "\0" not in word for word in words)
        if len(words) > self.most or not fit:
            self.fail("invalid", most=self.most, longest=self.longest)
        return list(dict.fromkeys(words))

    def to_representation(self, value: list[str]) -> str:
        return ",".join(value)


class Ids(serializers.Field[list[UUID], str, str, Any]):
    """A request field for a list of UUIDs, separated by commas."""

    most = 100
    default_error_messages = {"invalid": "Must be 1 to {most} ids with commas between."}

    def to_internal_value(self, data: str) -> list[UUID]:
        try:
            ids = [UUID(text) for text in data.split(",")]
        except ValueError:
            self.fail("invalid", most=self.most)
        if len(ids) > self.most:
            self.fail("invalid", most=self.most)
        return list(dict.fromkeys(ids))

    def to_representation(self, value: list[UUID]) -> str:
        return ",".join(map(str, value))


class IdsInSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The schema of `Ids`: a list in one parameter, separated by commas."""

    target_class = "graph.api.shapes.request_fields.Ids"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        one = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
        return {"type": "string", "pattern": f"^{one}(,{one}){{0,{self.target.most - 1}}}$"}


class WordsInSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The schema of `Words`: a list in one parameter, separated by commas."""

    target_class = "graph.api.shapes.request_fields.Words"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        word = f"[^,\\0]{{1,{self.target.longest}}}"
        more = f"(,{word}){{0,{self.target.most - 1}}}"
        return {"type": "string", "pattern": f"^{word}{more}$"}


class NamesInSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The schema of `Names`: a list in one parameter, separated by commas."""

    target_class = "graph.api.shapes.request_fields.Names"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        one = "|".join(self.target.known)
        return {"type": "string", "pattern": f"^({one})(,({one}))*$"}


@extend_schema_field({"type": "string"})
class EntityCursor(serializers.Field[After, str, str | None, Any]):
    """A request field for a cursor in a list of entities.

    Its text is opaque to clients. Its value is the position after which the next page begins:
    (similarity 0..1, name, entity's id).
    """

    default_error_messages = {"invalid": "This is not a cursor. Use the `next` of an answer."}

    def to_internal_value(self, data: str) -> After:
        try:
            likeness, name, entity_id = json.loads(base64.urlsafe_b64decode(f"{data}=="))
            after = float(likeness), str(name), UUID(entity_id)
        except (ValueError, TypeError, AttributeError):
            self.fail("invalid")
        if "\0" in after[1] or not 0 <= after[0] <= 1 or entity_cursor(after) != data:
            self.fail("invalid")
        return after

    def to_representation(self, value: After) -> str | None:
        return entity_cursor(value)


def entity_cursor(after: After | None) -> str | None:
    """Return the cursor's text for a position (similarity, name, entity's id), or None for None.

    `EntityCursor` parses the text.
    """
    if after is None:
        return None
    position = json.dumps([after[0], after[1], str(after[2])]).encode()
    return base64.urlsafe_b64encode(position).decode().rstrip("=")


@extend_schema_field({"type": "string"})
class TimeCursor(serializers.Field[Position, str, str | None, Any]):
    """A request field for a cursor in a list that is ordered by time.

    Its text is opaque to clients. Its value is the position after which the next page begins.
    """

    default_error_messages = {"invalid": "This is not a cursor. Use the `next` of an answer."}

    def to_internal_value(self, data: str) -> Position:
        try:
            return cursors.position(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: Position) -> str | None:
        return cursors.cursor(value)
