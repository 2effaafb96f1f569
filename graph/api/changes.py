"""Endpoints of the change feed: the changes since a version, in one response or as a stream."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from graph.api import conditional
from graph.api.question_view import PROBLEMS, Question
from graph.api.shapes import graph_serializers as shapes
from graph.api.shapes.common_serializers import Answer, Money, Problem, StrictQuery
from graph.errors import TooOld
from graph.export.slots import Slots
from graph.http.scopes import READ
from graph.layers import LAYERS
from graph.reading import change_feed
from graph.view import version as view_version

LOOKED_EVERY = 1.0  # seconds between two checks for a new version
SIGN_OF_LIFE = 15.0  # seconds without data until a comment is sent
LONGEST = 600.0  # seconds per stream; the client then connects again, with its token
NOT_ALLOWED = "The token of this stream is revoked, has expired or may not read any more."
SLOTS = Slots("A stream", after=5)
GONE = {410: OpenApiResponse(Problem, description="Too old. Request a full copy")}


class ChangesQuery(StrictQuery):
    since = serializers.CharField(
        required=False, help_text="An answer's as_of_version. Without it: everything, as added."
    )


class EndRow(Answer):
    """One end of an edge: the entity's id only.

    `entities` has its kind and name, and only `entities` reports when they change.
    """

    id = serializers.UUIDField()


class EdgeRow(Answer):
    """A relationship with the columns of its layers.

    An end is null if its event has no entity. The relationship is an edge if both ends are in
    `entities`.
    """

    id = serializers.UUIDField()
    source: Any = EndRow(allow_null=True)
    target = EndRow(allow_null=True)
    relationship_type = serializers.CharField()
    edge_class = serializers.CharField()
    confidence_score = serializers.FloatField()
    detection_method = serializers.CharField()
    reason = serializers.CharField()
    source_event_id = serializers.UUIDField()
    target_event_id = serializers.UUIDField()
    occurred_at = serializers.DateTimeField()
    amount = Money(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    document_ref = serializers.CharField(allow_null=True)
    transaction_ref = serializers.CharField()
    kind = serializers.CharField(allow_null=True)
    payment_group_id = serializers.UUIDField(allow_null=True)

    def get_fields(self) -> Any:
        fields = super().get_fields()
        for layer in LAYERS:
            fields[layer.id_column] = shapes.FIELDS["uuid"]()
            for column in layer.columns:
                fields[column.name] = shapes.FIELDS[column.type]()
        return fields


def written() -> serializers.Field[Any, Any, Any, Any]:
    """Return a serializer field for a dict: id of a changed row → names of the fields that were
    written since the version. A written value may equal the old one."""
    return serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Id of a changed row → its fields that have been written since",
    )


class Merged(Answer):
    id = serializers.UUIDField(help_text="Questions about it are answered about the other one")
    merged_into = serializers.UUIDField()


class EntityChanges(Answer):
    added = shapes.EntityAnswer(many=True)
    changed = shapes.EntityAnswer(many=True, help_text="As they are now")
    changed_fields = written()
    removed = serializers.ListField(child=serializers.UUIDField())
    merged = Merged(many=True, help_text="Of `removed`: where they have gone to")
    split = serializers.ListField(
        child=serializers.UUIDField(), help_text="Of `added`: were merged, and are apart again"
    )


class EdgeChanges(Answer):
    added = EdgeRow(many=True)
    changed = EdgeRow(many=True, help_text="As they are now")
    changed_fields = written()
    removed = serializers.ListField(child=serializers.UUIDField())


class ChangesAnswer(Answer):
    since = serializers.CharField(allow_null=True)
    as_of_version = serializers.CharField(help_text="The `since` of the next request")
    entities = EntityChanges()
    edges = EdgeChanges()


class ChangesView(Question):
    query = ChangesQuery
    may_assume = False  # the version is in the answer before the rows are read

    @extend_schema(
        operation_id="graph_changes",
        parameters=[ChangesQuery, conditional.IF_NONE_MATCH],
        responses={200: ChangesAnswer, **conditional.NOT_MODIFIED, **PROBLEMS, **GONE},
    )
    def get(self, request: Request) -> Response:
        """Everything added, changed and removed since the version `since`; without one, the whole
        graph."""
        return Response(changed(self.tenant(request), self.parameters(request).get("since")))


class EventStream(BaseRenderer):
    media_type = "text/event-stream"
    format = "event-stream"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a problem as JSON. This renderer is not used for the stream itself."""
        return JSONRenderer().render(data, *args, **kwargs)


class StreamView(Question):
    query = ChangesQuery
    may_assume = False  # the version is in the answer before the rows are read
    renderer_classes = (EventStream, JSONRenderer)

    @extend_schema(
        operation_id="graph_changes_stream",
        parameters=[
            ChangesQuery,
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER),
        ],
        responses={(200, "text/event-stream"): OpenApiTypes.STR, **PROBLEMS},
    )
    def get(self, request: Request) -> HttpResponse | StreamingHttpResponse:
        """Changes as server-sent events: `changes` as in changes/, `reset` if the version is too
        old.

        An event's id is its version, so a client that reconnects with Last-Event-ID misses nothing.
        """
        parameter = self.parameters(request).get("since")
        since = request.headers.get("Last-Event-ID") or parameter or self.version
        change_feed.check(since)
        connections["default"].close()  # back to the pool, because the stream may be long
        headers = {
            "Content-Type": EventStream.media_type,
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
        if request.method == "HEAD":
            return HttpResponse(headers=headers)
        return Stream(self.tenant(request), since, partial(_is_allowed, request), headers=headers)


def changed(user_id: UUID, since: str | None) -> dict[str, Any]:
    """Return everything that has changed in the tenant's graph since the version, or the whole
    graph without a version.

    Raises QuestionError for a text that is no version, and TooOld if the changes since it are no
    longer stored.
    """
    return change_feed.full(user_id) if since is None else change_feed.since(user_id, since)


class Stream(StreamingHttpResponse):
    """A response that streams a tenant's changes as server-sent events.

    It takes one of the tenant's slots until it is closed. Raises TooMany if the tenant has no slot
    left, Busy if the process has none.
    """

    def __init__(
        self, user_id: UUID, since: str, is_allowed: Callable[[], bool], **options: Any
    ) -> None:
        limits = settings.STREAMS
        SLOTS.take(user_id, int(limits["at_once"]), int(limits["of_tenant"]))
        self._give_back: Callable[[], None] | None = partial(SLOTS.give_back, user_id)
        super().__init__(stream(user_id, since, is_allowed), **options)

    def close(self) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()
        super().close()


def _is_allowed(request: Request) -> bool:
    """Return whether the token or session that began the stream may still read."""
    try:
        authenticator: Any = request.successful_authenticator
        return bool(authenticator.still_valid(request, READ))
    finally:
        connections.close_all()  # this thread may not come again; it may have asked as the owner


async def stream(
    user_id: UUID, since: str, is_allowed: Callable[[], bool] = lambda: True
) -> AsyncIterator[str]:
    """Yield server-sent events (WHATWG HTML, 9.2) about the tenant's changes after version `since`.

    Ends after LONGEST seconds, when the client disconnects, or when `is_allowed` returns False.
    """
    loop = asyncio.get_running_loop()
    silent, checked = 0.0, 0.0
    for _ in range(int(LONGEST / LOOKED_EVERY)):
        if checked >= settings.STREAMS["valid_every"]:
            checked = 0.0
            if not await loop.run_in_executor(_threads(), is_allowed):
                yield f"event: end\ndata: {json.dumps({'detail': NOT_ALLOWED})}\n\n"
                return
        name, version, data = await loop.run_in_executor(_threads(), _next_event, user_id, since)
        if name:
            yield f"id: {version}\nevent: {name}\ndata: {data}\n\n"
            since, silent = version, 0.0
        elif silent >= SIGN_OF_LIFE:
            yield ": no changes\n\n"
            silent = 0.0
        await asyncio.sleep(LOOKED_EVERY)
        silent += LOOKED_EVERY
        checked += LOOKED_EVERY


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the process's thread pool for the queries of all its streams.

    Streams have threads of their own, so requests never wait for them.
    """
    return ThreadPoolExecutor(int(settings.STREAMS["threads"]), "stream")


def _next_event(user_id: UUID, since: str) -> tuple[str, str, str]:
    """Return the next event's name, version and data. All three are "" if nothing has changed."""
    try:
        version = view_version.version(user_id)
        if version == since:
            return "", "", ""
        changes = change_feed.since(user_id, since)
        return "changes", changes["as_of_version"], json.dumps(changes, cls=JSONEncoder)
    except TooOld as error:
        return "reset", version, json.dumps({"detail": str(error)})
    finally:
        connections["default"].close()  # this thread may not run again
