"""Syncs and connections over HTTP. The tenant is the token's user, and nothing else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from graph.api.idempotent import Repeatable
from graph.api.serializers import NoQuery, Problem
from graph.reading import cursors
from syncjobs import connections, history, runs
from syncjobs.api import serializers as shapes
from syncjobs.api.bodies import BoundedJSON
from syncjobs.errors import ConnectionUnknown, RequestError, RunUnknown
from syncjobs.models.choices import Trigger

ASKED = {
    400: OpenApiResponse(description="A parameter or field is wrong: its name, and why"),
    401: OpenApiResponse(Problem, description="No token, or not a valid one"),
}
SENT = {
    **ASKED,
    413: OpenApiResponse(Problem, description="The body is larger than 1 MiB"),
    415: OpenApiResponse(Problem, description="The body is not application/json"),
}
NOT_FOUND = {404: OpenApiResponse(description="You have none such")}
RUN_ID = OpenApiParameter("run_id", OpenApiTypes.UUID, "path")
CONNECTION_ID = OpenApiParameter("connection_id", OpenApiTypes.UUID, "path")


class Api(Repeatable):
    """A view that takes JSON, and not too much of it."""

    parser_classes = (BoundedJSON,)

    def body(self, request: Request, shape: type[shapes.StrictBody]) -> dict[str, Any]:
        """The checked body. Raises ValidationError naming each field that is wrong."""
        self.parameters(request, NoQuery)
        given = shape(data=request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)


def identified(text: str, unknown: RequestError) -> UUID:
    """The id in a path. Raises `unknown` for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise unknown from None


def _run_id(text: str) -> UUID:
    return identified(text, RunUnknown("You have no such run."))


def _connection_id(text: str) -> UUID:
    return identified(text, ConnectionUnknown("You have no such connection."))


class SyncsView(Api):
    query = shapes.SyncsQuery

    @extend_schema(
        operation_id="syncs_list",
        parameters=[shapes.SyncsQuery],
        responses={200: shapes.SyncsAnswer, **ASKED},
    )
    def get(self, request: Request) -> Response:
        """Your syncs, newest first."""
        wanted = self.parameters(request)
        most, after = wanted.pop("limit"), wanted.pop("cursor", None)
        page, following = history.listed(self.tenant(request), wanted, most, after)
        answer = {"results": page, "next": cursors.cursor(following)}
        return Response(shapes.SyncsAnswer(answer).data)

    @extend_schema(
        operation_id="syncs_accept",
        request=shapes.SyncBody,
        responses={
            202: OpenApiResponse(shapes.SyncAnswer, description="Accepted; Location: the sync"),
            **SENT,
            **NOT_FOUND,
            409: OpenApiResponse(description="It is being synced (`run`), paused or removed"),
        },
    )
    def post(self, request: Request) -> Response:
        """Ask for a sync of one of your connections."""
        wanted = self.body(request, shapes.SyncBody)
        run = runs.accept(
            self.tenant(request),
            wanted["connection"],
            trigger=Trigger.REQUEST,
            payload={"full": True} if wanted["full"] else {},
        )
        where = {"Location": reverse("sync", [run.pk])}
        return Response(shapes.SyncAnswer(run).data, status.HTTP_202_ACCEPTED, headers=where)


@extend_schema(parameters=[RUN_ID])
class SyncView(Api):
    @extend_schema(
        operation_id="syncs_read", responses={200: shapes.SyncDetailAnswer, **ASKED, **NOT_FOUND}
    )
    def get(self, request: Request, run_id: str) -> Response:
        """One sync, with each attempt at it."""
        self.parameters(request)
        run = history.get(self.tenant(request), _run_id(run_id))
        return Response(shapes.SyncDetailAnswer(run).data)


@extend_schema(parameters=[RUN_ID])
class CancelView(Api):
    @extend_schema(
        operation_id="syncs_cancel",
        request=None,
        responses={
            202: shapes.SyncAnswer,
            **SENT,
            **NOT_FOUND,
            409: OpenApiResponse(description="It has ended"),
        },
    )
    def post(self, request: Request, run_id: str) -> Response:
        """End a sync: at once if it waits, within seconds if it runs."""
        self.body(request, shapes.NoBody)
        run = runs.cancel(self.tenant(request), _run_id(run_id))
        return Response(shapes.SyncAnswer(run).data, status=status.HTTP_202_ACCEPTED)


class ConnectionsView(Api):
    query = shapes.ConnectionsQuery

    @extend_schema(
        operation_id="connections_list",
        parameters=[shapes.ConnectionsQuery],
        responses={200: shapes.ConnectionsAnswer, **ASKED},
    )
    def get(self, request: Request) -> Response:
        """Your connections, oldest first."""
        found = connections.listed(self.tenant(request), **self.parameters(request))
        return Response(shapes.ConnectionsAnswer({"results": found}).data)

    def before_post(self, request: Request, *args: Any, **kwargs: Any) -> None:
        wanted = self.body(request, shapes.ConnectionBody)
        named = wanted["provider"], wanted["nango_connection_id"], wanted["integration"]
        connections.confirm(self.tenant(request), *named)

    @extend_schema(
        operation_id="connections_register",
        request=shapes.ConnectionBody,
        responses={
            201: shapes.ConnectionAnswer,
            **SENT,
            409: OpenApiResponse(description="It is registered already"),
            503: OpenApiResponse(Problem, description="Nango cannot be asked now; Retry-After"),
        },
    )
    def post(self, request: Request) -> Response:
        """Register a connection that Nango says is yours."""
        wanted = self.body(request, shapes.ConnectionBody)
        made = connections.register(
            self.tenant(request),
            wanted["provider"],
            wanted["nango_connection_id"],
            integration=wanted["integration"],
            sync_every=_every(wanted["sync_every_seconds"]),
        )
        where = {"Location": reverse("connection", [made.pk])}
        return Response(shapes.ConnectionAnswer(made).data, status.HTTP_201_CREATED, headers=where)


@extend_schema(parameters=[CONNECTION_ID])
class ConnectionView(Api):
    @extend_schema(
        operation_id="connections_read",
        responses={200: shapes.ConnectionAnswer, **ASKED, **NOT_FOUND},
    )
    def get(self, request: Request, connection_id: str) -> Response:
        """One connection, removed or not."""
        self.parameters(request)
        found = connections.get(self.tenant(request), _connection_id(connection_id))
        return Response(shapes.ConnectionAnswer(found).data)

    @extend_schema(
        operation_id="connections_change",
        request=shapes.ConnectionChange,
        responses={
            200: shapes.ConnectionAnswer,
            **SENT,
            **NOT_FOUND,
            409: OpenApiResponse(description="It was removed, or is dead"),
        },
    )
    def patch(self, request: Request, connection_id: str) -> Response:
        """Change its schedule (a sync is then due at once), pause it, or end a pause."""
        changes = self.body(request, shapes.ConnectionChange)
        if "sync_every_seconds" in changes:
            changes["sync_every"] = _every(changes.pop("sync_every_seconds"))
        changed = connections.change(self.tenant(request), _connection_id(connection_id), changes)
        return Response(shapes.ConnectionAnswer(changed).data)

    @extend_schema(
        operation_id="connections_remove",
        responses={
            204: OpenApiResponse(description="It is not synced any more; what it found stays"),
            **SENT,
            **NOT_FOUND,
        },
    )
    def delete(self, request: Request, connection_id: str) -> Response:
        """Remove it: no sync begins any more, and one under way is asked to end."""
        self.body(request, shapes.NoBody)
        connections.remove(self.tenant(request), _connection_id(connection_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _every(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
