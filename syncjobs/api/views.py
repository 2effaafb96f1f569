"""Endpoints of syncs and connections. The tenant is the token's user."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from graph.api.idempotent_view import IdempotentView
from graph.api.shapes.common_serializers import NoQuery, Problem
from graph.api.shapes.request_bodies import StrictBody
from graph.reading import cursors
from syncjobs import connections, list_runs, runs
from syncjobs.api import serializers as shapes
from syncjobs.api.bodies import BoundedJSON
from syncjobs.errors import ConnectionUnknown, RequestError, RunUnknown
from syncjobs.models.choices import Trigger

READ_ERRORS = {
    400: OpenApiResponse(description="A parameter or field is invalid; the response names it"),
    401: OpenApiResponse(Problem, description="No token, or an invalid one"),
}
SENT = {
    **READ_ERRORS,
    413: OpenApiResponse(Problem, description="The body is larger than 1 MiB"),
    415: OpenApiResponse(Problem, description="The body is not application/json"),
}
NOT_FOUND = {404: OpenApiResponse(description="You have no such object")}
RUN_ID = OpenApiParameter("run_id", OpenApiTypes.UUID, "path")
CONNECTION_ID = OpenApiParameter("connection_id", OpenApiTypes.UUID, "path")


class Api(IdempotentView):
    """A view that accepts JSON of limited size."""

    parser_classes = (BoundedJSON,)

    def body(self, request: Request, shape: type[StrictBody]) -> dict[str, Any]:
        """The validated body. Raises ValidationError that names each wrong field."""
        self.parameters(request, NoQuery)
        serializer = shape(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


def identified(text: str, unknown: RequestError) -> UUID:
    """The UUID that `text` states, which is a part of a URL's path. Raises `unknown` if the text is
    not a UUID."""
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
        responses={200: shapes.SyncsAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Your syncs, the newest first, in pages."""
        filters = self.parameters(request)
        most, after = filters.pop("limit"), filters.pop("cursor", None)
        page, following = list_runs.listed(self.tenant(request), filters, most, after)
        answer = {"results": page, "next": cursors.cursor(following)}
        return Response(shapes.SyncsAnswer(answer).data)

    @extend_schema(
        operation_id="syncs_accept",
        request=shapes.SyncBody,
        responses={
            202: OpenApiResponse(
                shapes.SyncAnswer, description="Accepted. Location is the sync's address"
            ),
            **SENT,
            **NOT_FOUND,
            409: OpenApiResponse(
                description="The connection is being synced (`run`), paused or removed"
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """Start a sync of one of your connections."""
        options = self.body(request, shapes.SyncBody)
        run = runs.accept(
            self.tenant(request),
            options["connection"],
            trigger=Trigger.REQUEST,
            payload={"full": True} if options["full"] else {},
        )
        where = {"Location": reverse("sync", [run.pk])}
        return Response(shapes.SyncAnswer(run).data, status.HTTP_202_ACCEPTED, headers=where)


@extend_schema(parameters=[RUN_ID])
class SyncView(Api):
    @extend_schema(
        operation_id="syncs_read",
        responses={200: shapes.SyncDetailAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def get(self, request: Request, run_id: str) -> Response:
        """One sync with all its attempts."""
        self.parameters(request)
        run = list_runs.get(self.tenant(request), _run_id(run_id))
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
            409: OpenApiResponse(description="The sync has ended"),
        },
    )
    def post(self, request: Request, run_id: str) -> Response:
        """Cancel a sync: at once if it is queued, within seconds if it runs."""
        self.body(request, shapes.NoBody)
        run = runs.cancel(self.tenant(request), _run_id(run_id))
        return Response(shapes.SyncAnswer(run).data, status=status.HTTP_202_ACCEPTED)


class ConnectionsView(Api):
    query = shapes.ConnectionsQuery

    @extend_schema(
        operation_id="connections_list",
        parameters=[shapes.ConnectionsQuery],
        responses={200: shapes.ConnectionsAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Your connections, oldest first."""
        rows = connections.listed(self.tenant(request), **self.parameters(request))
        return Response(shapes.ConnectionsAnswer({"results": rows}).data)

    def before_post(self, request: Request, *args: Any, **kwargs: Any) -> None:
        options = self.body(request, shapes.ConnectionBody)
        ids = options["provider"], options["nango_connection_id"], options["integration"]
        connections.confirm(self.tenant(request), *ids)

    @extend_schema(
        operation_id="connections_register",
        request=shapes.ConnectionBody,
        responses={
            201: shapes.ConnectionAnswer,
            **SENT,
            409: OpenApiResponse(description="The connection is already registered"),
            503: OpenApiResponse(Problem, description="Nango is not available; see Retry-After"),
        },
    )
    def post(self, request: Request) -> Response:
        """Register a connection that is yours according to Nango."""
        options = self.body(request, shapes.ConnectionBody)
        row = connections.register(
            self.tenant(request),
            options["provider"],
            options["nango_connection_id"],
            integration=options["integration"],
            sync_every=_every(options["sync_every_seconds"]),
        )
        where = {"Location": reverse("connection", [row.pk])}
        return Response(shapes.ConnectionAnswer(row).data, status.HTTP_201_CREATED, headers=where)


@extend_schema(parameters=[CONNECTION_ID])
class ConnectionView(Api):
    @extend_schema(
        operation_id="connections_read",
        responses={200: shapes.ConnectionAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def get(self, request: Request, connection_id: str) -> Response:
        """One connection, also a removed one."""
        self.parameters(request)
        row = connections.get(self.tenant(request), _connection_id(connection_id))
        return Response(shapes.ConnectionAnswer(row).data)

    @extend_schema(
        operation_id="connections_change",
        request=shapes.ConnectionChange,
        responses={
            200: shapes.ConnectionAnswer,
            **SENT,
            **NOT_FOUND,
            409: OpenApiResponse(description="The connection is removed or dead"),
        },
    )
    def patch(self, request: Request, connection_id: str) -> Response:
        """Change the connection's schedule (a sync is then due at once), pause the connection, or
        resume it."""
        changes = self.body(request, shapes.ConnectionChange)
        if "sync_every_seconds" in changes:
            changes["sync_every"] = _every(changes.pop("sync_every_seconds"))
        row = connections.change(self.tenant(request), _connection_id(connection_id), changes)
        return Response(shapes.ConnectionAnswer(row).data)

    @extend_schema(
        operation_id="connections_remove",
        responses={
            204: OpenApiResponse(description="No further syncs. What it has found stays"),
            **SENT,
            **NOT_FOUND,
        },
    )
    def delete(self, request: Request, connection_id: str) -> Response:
        """Remove the connection: no new sync starts, and a running one is cancelled."""
        self.body(request, shapes.NoBody)
        connections.remove(self.tenant(request), _connection_id(connection_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _every(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
