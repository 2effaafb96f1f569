"""Moments and places in lists, as requests state them."""

from datetime import UTC, date, datetime, time
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from graph import keyset
from graph.keyset import Position


@extend_schema_field({"type": "string", "examples": ["2026-03-01", "2026-03-01T09:30:00Z"]})
class Moment(serializers.Field[datetime, str, str, Any]):
    """An ISO date or date and time, in UTC where it names no zone. A date is its first moment,
    or with `end` its last."""

    default_error_messages = {"invalid": "Say a date or a date and time in ISO 8601."}

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
            found = datetime.fromisoformat(data)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


@extend_schema_field({"type": "string"})
class Place(serializers.Field[Position, str, str | None, Any]):
    """Where a page of a list begins."""

    default_error_messages = {"invalid": "This is no cursor: take the `next` of an answer."}

    def to_internal_value(self, data: str) -> Position:
        try:
            return keyset.position(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: Position) -> str | None:
        return keyset.cursor(value)
