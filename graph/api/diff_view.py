"""Endpoint of the differences between two moments of a tenant's graph."""

from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from graph.api.changes import EdgeChanges, EntityChanges
from graph.api.question_view import Question, described
from graph.api.shapes.common_serializers import Answer, StrictQuery
from graph.errors import QuestionError
from graph.questions import days
from graph.reading import as_of, differences
from graph.reading.differences import PARTS, Between, Position

MOMENT = "The end of a day (2026-03-01), or a version (the as_of_version of an earlier answer)"
ORDER = "`from` is later than `to`. Exchange them."


@extend_schema_field({"type": "string"})
class DiffCursor(serializers.Field[Position, str, str | None, Any]):
    """A request field for a cursor in a list of differences. Its value is the position after which
    the next page begins: a part and an id."""

    default_error_messages = {"invalid": "This is not a cursor. Use the `next` of an answer."}

    def to_internal_value(self, data: str) -> Position:
        part, _, key = str(data).partition("-")
        try:
            position = part, UUID(key)
        except ValueError:
            self.fail("invalid")
        if part not in PARTS or diff_cursor(position) != data:
            self.fail("invalid")
        return position

    def to_representation(self, value: Position) -> str | None:
        return diff_cursor(value)


def diff_cursor(position: Position | None) -> str | None:
    """Return the cursor's text for a position, or None for None. `DiffCursor` parses the text."""
    return None if position is None else f"{position[0]}-{position[1]}"


class DiffQuery(StrictQuery):
    to = serializers.CharField(
        required=False, max_length=100, help_text=f"{MOMENT}. Without it: now"
    )
    limit = serializers.IntegerField(
        default=200, min_value=1, max_value=1000, help_text="Entities and edges of a page"
    )
    cursor = DiffCursor(required=False, help_text="The `next` of the previous page")

    def get_fields(self) -> Any:
        since = serializers.CharField(max_length=100, help_text=MOMENT)
        return {"from": since, **super().get_fields()}


def _before() -> serializers.Field[Any, Any, Any, Any]:
    return serializers.DictField(
        child=serializers.DictField(),
        help_text="Id of a changed row → its fields that differ, with their values at `from`",
    )


class DifferentEntities(EntityChanges):
    before = _before()


class DifferentEdges(EdgeChanges):
    before = _before()


class DiffCount(Answer):
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    removed = serializers.IntegerField()


class DiffCounts(Answer):
    entities = DiffCount()
    edges = DiffCount()


class DiffAnswer(Answer):
    counts = DiffCounts(help_text="Of all pages")
    entities = DifferentEntities()
    edges = DifferentEdges()
    next = serializers.CharField(allow_null=True, help_text="The next page's `cursor`")


class DiffView(Question):
    query = DiffQuery

    def before_stored_answer(self, request: Request) -> None:
        """Set the day and the time zone, which decide what a day as `from` or `to` means."""
        zone = days.time_zone(self.tenant(request))
        self.now = datetime.now(zone)
        self.day, self.zone = self.now.date(), zone.key

    @described(DiffQuery, DiffAnswer, name="graph_diff")
    def get(self, request: Request) -> Response:
        """What was added, changed and removed between two days or versions."""
        parameters, tenant = self.parameters(request), self.tenant(request)
        between = _between(tenant, self.now, parameters["from"], parameters.get("to"))
        answer, following = differences.differences(
            tenant, between, most=parameters["limit"], after=parameters.get("cursor")
        )
        return Response({**answer, "next": diff_cursor(following)})


def _between(user_id: UUID, now: datetime, since: str, until: str | None) -> Between:
    """Return the two moments. Raises QuestionError that names the parameter."""
    first = as_of.recorded_until(user_id, since, now, "from")
    last = None if until is None else as_of.recorded_until(user_id, until, now, "to")
    if last is not None and (first is None or first > last):
        raise QuestionError(ORDER, "to")
    return Between(first, last)
