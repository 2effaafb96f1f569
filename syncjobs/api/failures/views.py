"""Dead letters over HTTP, for staff: what the admin does, by the same functions.

These requests run as the owning role: failures are of every tenant.
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
from graph.api.serializers import Problem
from graph.http.scopes import ADMIN
from graph.reading import cursors
from syncjobs.api.failures import serializers as shapes
from syncjobs.api.serializers import NoBody
from syncjobs.api.views import ASKED, SENT, Api
from syncjobs.failures import groups, outcomes, replaying, search, settling, timeline
from syncjobs.failures.outcomes import Verdict
from syncjobs.failures.settling import Settled
from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus

STAFF = {403: OpenApiResponse(Problem, description="Not staff, or without the permission")}
MISSING = {404: OpenApiResponse(Problem, description="There is no such failure")}
CONFLICT = {409: OpenApiResponse(Problem, description="Its status, or its connection, forbids it")}
SETTLED = {200: shapes.FailureAnswer, **SENT, **STAFF, **MISSING, **CONFLICT}
FAILURE_ID = OpenApiParameter("failure_id", OpenApiTypes.UUID, "path")
STATUSES = {
    shapes.CURRENT: search.CURRENT,
    shapes.ANY: (),
    **{each: (each,) for each in FailureStatus.values},
}


class MayDo(Scoped):
    """Staff with the permission that the view needs, and a token with the scope admin."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        self.message = "This is for staff with the permission."
        needed: str = view.needs  # type: ignore[attr-defined]  # each view of this module has it
        return request.user.is_staff and request.user.has_perm(f"syncjobs.{needed}_jobfailure")


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT


class Staff(Api):
    permission_classes = (MayDo,)
    scope = ADMIN
    needs = "view"

    def by(self, request: Request) -> AbstractBaseUser:
        """Who asks: the log names them."""
        return cast(AbstractBaseUser, request.user)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(outcomes.UNKNOWN) from None


def _matching(wanted: dict[str, Any]) -> Any:
    statuses = STATUSES[wanted.pop("status")]
    return search.matching(statuses=statuses, **wanted).defer(*outcomes.WIDE)


def _refused(verdict: Verdict) -> APIException:
    return Conflict(verdict.reason) if verdict.failure else NotFound(verdict.reason)


class FailuresView(Staff):
    query = shapes.FailuresQuery

    @extend_schema(
        operation_id="job_failures_list",
        parameters=[shapes.FailuresQuery],
        responses={200: shapes.FailuresAnswer, **ASKED, **STAFF},
    )
    def get(self, request: Request) -> Response:
        """Dead letters, those that failed last first."""
        wanted = self.parameters(request)
        most, after = wanted.pop("limit"), wanted.pop("cursor", None)
        found, following = cursors.page(_matching(wanted), "last_failed_at", most, after)
        answer = {"results": found, "next": cursors.cursor(following)}
        return Response(shapes.FailuresAnswer(answer).data)


class GroupsView(Staff):
    query = shapes.GroupsQuery

    @extend_schema(
        operation_id="job_failures_groups",
        parameters=[shapes.GroupsQuery],
        responses={200: shapes.GroupsAnswer, **ASKED, **STAFF},
    )
    def get(self, request: Request) -> Response:
        """Dead letters by what went wrong, the group that failed last first."""
        wanted = self.parameters(request)
        bounds = {name: wanted.pop(name) for name in ("limit", "offset")}
        return Response(shapes.GroupsAnswer(groups.page(_matching(wanted), **bounds)).data)


@extend_schema(parameters=[FAILURE_ID])
class FailureView(Staff):
    @extend_schema(
        operation_id="job_failures_read",
        responses={200: shapes.FailureDetailAnswer, **ASKED, **STAFF, **MISSING},
    )
    def get(self, request: Request, failure_id: str) -> Response:
        """One dead letter: payload, traceback, each run and attempt, and what to do now."""
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
            200: OpenApiResponse(shapes.ReplaysAnswer, description="What a dry run found"),
            **SENT,
            **STAFF,
        },
    )
    def post(self, request: Request) -> Response:
        """Replay dead letters, so many a minute; one that cannot be stops no other."""
        wanted = self.body(request, shapes.ReplaysBody)
        if wanted["dry_run"]:
            return Response(_planned(replaying.plan(wanted["ids"])))
        done = replaying.replay(wanted["ids"], by=self.by(request), per_minute=wanted["per_minute"])
        started = [(failure.pk, run.pk) for failure, run in done.started]
        return Response(
            _replays(started, done.skipped, dry_run=False), status=status.HTTP_202_ACCEPTED
        )


def _planned(planned: list[Verdict]) -> Any:
    started = [(each.failure_id, None) for each in planned if each.eligible]
    skipped = [each for each in planned if not each.eligible]
    return _replays(started, skipped, dry_run=True)


def _replays(
    started: Sequence[tuple[UUID, UUID | None]], skipped: list[Verdict], *, dry_run: bool
) -> Any:
    answer = {
        "dry_run": dry_run,
        "eligible": len(started),
        "started": [{"failure": failure, "run": run} for failure, run in started],
        "skipped": [{"failure": each.failure_id, "reason": each.reason} for each in skipped],
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
        wanted = self.body(request, shapes.ReplayBody)
        done = replaying.replay(
            [_id(failure_id)], by=self.by(request), payload=wanted.get("payload")
        )
        if done.skipped:
            raise _refused(done.skipped[0])
        ((failure, run),) = done.started
        answer = shapes.StartedAnswer({"failure": failure.pk, "run": run.pk})
        return Response(answer.data, status=status.HTTP_202_ACCEPTED)


class Settling(Staff):
    needs = "settle"

    def answer(self, done: Settled) -> Response:
        if done.skipped:
            raise _refused(done.skipped[0])
        return Response(shapes.FailureAnswer(done.changed[0]).data)


@extend_schema(parameters=[FAILURE_ID])
class ResolveView(Settling):
    @extend_schema(operation_id="job_failures_resolve", request=shapes.NoteBody, responses=SETTLED)
    def post(self, request: Request, failure_id: str) -> Response:
        """Done with: the cause is mended, or what failed was done by hand."""
        given = self.body(request, shapes.NoteBody)
        return self.answer(settling.resolve([_id(failure_id)], by=self.by(request), **given))


@extend_schema(parameters=[FAILURE_ID])
class IgnoreView(Settling):
    @extend_schema(operation_id="job_failures_ignore", request=shapes.NoteBody, responses=SETTLED)
    def post(self, request: Request, failure_id: str) -> Response:
        """Known: out of the view until it changes, and so is the next of its like."""
        given = self.body(request, shapes.NoteBody)
        return self.answer(settling.ignore([_id(failure_id)], by=self.by(request), **given))


@extend_schema(parameters=[FAILURE_ID])
class DiscardView(Settling):
    @extend_schema(
        operation_id="job_failures_discard", request=shapes.ReasonBody, responses=SETTLED
    )
    def post(self, request: Request, failure_id: str) -> Response:
        """Given up, for a reason."""
        given = self.body(request, shapes.ReasonBody)
        return self.answer(settling.discard([_id(failure_id)], by=self.by(request), **given))


@extend_schema(parameters=[FAILURE_ID])
class ReopenView(Settling):
    @extend_schema(operation_id="job_failures_reopen", request=None, responses=SETTLED)
    def post(self, request: Request, failure_id: str) -> Response:
        """Back into the view, whatever put it aside."""
        self.body(request, NoBody)
        return self.answer(settling.reopen([_id(failure_id)], by=self.by(request)))
