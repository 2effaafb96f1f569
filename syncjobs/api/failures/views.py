"""Endpoints of dead letters for staff, with the same functions as the admin.

The requests run as the owner, because failures belong to all tenants.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from graph.api.permissions import Scoped
from graph.api.shapes.common_serializers import Problem
from graph.http.scopes import ADMIN
from graph.reading import cursors
from syncjobs.api.failures import serializers as shapes
from syncjobs.api.serializers import NoBody
from syncjobs.api.views import READ_ERRORS, SENT, Api
from syncjobs.failures import groups, outcomes, replay, search, settle, timeline
from syncjobs.failures.outcomes import Verdict
from syncjobs.failures.settle import Settled
from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus

STAFF = {403: OpenApiResponse(Problem, description="Not staff, or without the permission")}
MISSING = {404: OpenApiResponse(Problem, description="There is no such failure")}
CONFLICT = {
    409: OpenApiResponse(Problem, description="Its status or its connection does not allow it")
}
SETTLED = {200: shapes.FailureAnswer, **SENT, **STAFF, **MISSING, **CONFLICT}
FAILURE_ID = OpenApiParameter("failure_id", OpenApiTypes.UUID, "path")
STATUSES = {
    shapes.CURRENT: search.CURRENT,
    shapes.ANY: (),
    **{status: (status,) for status in FailureStatus.values},
}


class MayDo(Scoped):
    """Allows staff with the permission that the view requires, and with a token of the scope
    admin."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        self.message = "This is for staff with the necessary permission."
        needed = cast("Staff", view).needs
        return request.user.is_staff and request.user.has_perm(f"syncjobs.{needed}_jobfailure")


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT


class Staff(Api):
    permission_classes = (MayDo,)
    scope = ADMIN
    needs = "view"

    def by(self, request: Request) -> AbstractBaseUser:
        """The signed-in person, whom the log names."""
        return cast(AbstractBaseUser, request.user)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(outcomes.UNKNOWN) from None


def _matching(filters: dict[str, Any]) -> Any:
    statuses = STATUSES[filters.pop("status")]
    return search.matching(statuses=statuses, **filters).defer(*outcomes.WIDE)


def _refused(verdict: Verdict) -> APIException:
    return Conflict(verdict.reason) if verdict.failure else NotFound(verdict.reason)


class FailuresView(Staff):
    query = shapes.FailuresQuery

    @extend_schema(
        operation_id="job_failures_list",
        parameters=[shapes.FailuresQuery],
        responses={200: shapes.FailuresAnswer, **READ_ERRORS, **STAFF},
    )
    def get(self, request: Request) -> Response:
        """Dead letters, the last failed first."""
        filters = self.parameters(request)
        most, after = filters.pop("limit"), filters.pop("cursor", None)
        page, following = cursors.page(_matching(filters), "last_failed_at", most, after)
        answer = {"results": page, "next": cursors.cursor(following)}
        return Response(shapes.FailuresAnswer(answer).data)


class GroupsView(Staff):
    query = shapes.GroupsQuery

    @extend_schema(
        operation_id="job_failures_groups",
        parameters=[shapes.GroupsQuery],
        responses={200: shapes.GroupsAnswer, **READ_ERRORS, **STAFF},
    )
    def get(self, request: Request) -> Response:
        """Groups of dead letters of the same kind, the last failed first."""
        filters = self.parameters(request)
        bounds = {name: filters.pop(name) for name in ("limit", "offset")}
        return Response(shapes.GroupsAnswer(groups.page(_matching(filters), **bounds)).data)


@extend_schema(parameters=[FAILURE_ID])
class FailureView(Staff):
    @extend_schema(
        operation_id="job_failures_read",
        responses={200: shapes.FailureDetailAnswer, **READ_ERRORS, **STAFF, **MISSING},
    )
    def get(self, request: Request, failure_id: str) -> Response:
        """One dead letter with payload, traceback, runs, attempts and advice."""
        self.parameters(request)
        failure: Any = JobFailure.objects.filter(pk=_id(failure_id)).first()
        if failure is None:
            raise NotFound(outcomes.UNKNOWN)
        failure.advice, failure.runs = timeline.advice(failure), timeline.runs_of(failure)
        return Response(shapes.FailureDetailAnswer(failure).data)


class ReplaysView(Staff):
    needs = "replay"

    @extend_schema(
        operation_id="job_failures_replay_many",
        request=shapes.ReplaysBody,
        responses={
            202: shapes.ReplaysAnswer,
            200: OpenApiResponse(shapes.ReplaysAnswer, description="The result of a dry run"),
            **SENT,
            **STAFF,
        },
    )
    def post(self, request: Request) -> Response:
        """Replay dead letters, if wanted at a limited pace. Those that cannot be replayed are
        skipped."""
        options = self.body(request, shapes.ReplaysBody)
        if options["dry_run"]:
            return Response(_planned(replay.plan(options["ids"])))
        pace = options["per_minute"]
        outcome = replay.replay(options["ids"], by=self.by(request), per_minute=pace)
        started = [(failure.pk, key) for failure, key in outcome.started]
        return Response(
            _replays(started, outcome.skipped, dry_run=False), status=status.HTTP_202_ACCEPTED
        )


def _planned(verdicts: list[Verdict]) -> Any:
    started = [(verdict.failure_id, None) for verdict in verdicts if verdict.eligible]
    skipped = [verdict for verdict in verdicts if not verdict.eligible]
    return _replays(started, skipped, dry_run=True)


def _replays(
    started: Sequence[tuple[UUID, UUID | None]], skipped: list[Verdict], *, dry_run: bool
) -> Any:
    answer = {
        "dry_run": dry_run,
        "eligible": len(started),
        "started": [{"failure": failure, "run": run} for failure, run in started],
        "skipped": [
            {"failure": verdict.failure_id, "reason": verdict.reason} for verdict in skipped
        ],
    }
    return shapes.ReplaysAnswer(answer).data


@extend_schema(parameters=[FAILURE_ID])
class ReplayView(Staff):
    needs = "replay"

    @extend_schema(
        operation_id="job_failures_replay",
        request=shapes.ReplayBody,
        responses={202: shapes.StartedAnswer, **SENT, **STAFF, **MISSING, **CONFLICT},
    )
    def post(self, request: Request, failure_id: str) -> Response:
        """Replay one dead letter, with its own payload or an edited one."""
        options = self.body(request, shapes.ReplayBody)
        outcome = replay.replay(
            [_id(failure_id)], by=self.by(request), payload=options.get("payload")
        )
        if outcome.skipped:
            raise _refused(outcome.skipped[0])
        ((failure, key),) = outcome.started
        answer = shapes.StartedAnswer({"failure": failure.pk, "run": key})
        return Response(answer.data, status=status.HTTP_202_ACCEPTED)


class Settling(Staff):
    needs = "settle"

    def answer(self, outcome: Settled) -> Response:
        if outcome.skipped:
            raise _refused(outcome.skipped[0])
        return Response(shapes.FailureAnswer(outcome.changed[0]).data)


@extend_schema(parameters=[FAILURE_ID])
class ResolveView(Settling):
    @extend_schema(operation_id="job_failures_resolve", request=shapes.NoteBody, responses=SETTLED)
    def post(self, request: Request, failure_id: str) -> Response:
        """Mark the dead letter resolved: its cause is fixed, or the work was done by hand."""
        options = self.body(request, shapes.NoteBody)
        return self.answer(settle.resolve([_id(failure_id)], by=self.by(request), **options))


@extend_schema(parameters=[FAILURE_ID])
class IgnoreView(Settling):
    @extend_schema(operation_id="job_failures_ignore", request=shapes.NoteBody, responses=SETTLED)
    def post(self, request: Request, failure_id: str) -> Response:
        """Ignore the dead letter until it changes. The next failure of its kind on the connection
        is ignored, too."""
        options = self.body(request, shapes.NoteBody)
        return self.answer(settle.ignore([_id(failure_id)], by=self.by(request), **options))


@extend_schema(parameters=[FAILURE_ID])
class DiscardView(Settling):
    @extend_schema(
        operation_id="job_failures_discard", request=shapes.ReasonBody, responses=SETTLED
    )
    def post(self, request: Request, failure_id: str) -> Response:
        """Give the dead letter up, for a reason."""
        options = self.body(request, shapes.ReasonBody)
        return self.answer(settle.discard([_id(failure_id)], by=self.by(request), **options))


@extend_schema(parameters=[FAILURE_ID])
class ReopenView(Settling):
    @extend_schema(operation_id="job_failures_reopen", request=None, responses=SETTLED)
    def post(self, request: Request, failure_id: str) -> Response:
        """Reopen a dead letter that was resolved, ignored or discarded."""
        self.body(request, NoBody)
        return self.answer(settle.reopen([_id(failure_id)], by=self.by(request)))
