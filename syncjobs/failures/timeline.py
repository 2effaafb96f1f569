"""The history of a failure: its run and its replays, with their attempts; and advice."""

from collections.abc import Sequence

from django.db.models import Prefetch, Q, QuerySet

from syncjobs.failures import replay
from syncjobs.models import JobAttempt, JobFailure, SyncConnection, SyncRun
from syncjobs.models.choices import ConnectionState, FailureStatus

MOST_RUNS = 20
MOST_ATTEMPTS = 50  # of each run

_PUT_ASIDE = {
    FailureStatus.REPLAYING: "Nothing. A replay is queued or running; its result appears here.",
    FailureStatus.RESOLVED: "Nothing. It is resolved; reopen it if that was wrong.",
    FailureStatus.IGNORED: (
        "Nothing. It is known; the next failure of its kind on this connection is ignored, too, "
        "and a different one is opened."
    ),
    FailureStatus.DISCARDED: "Nothing. It was given up; reopen it if that was wrong.",
}
_CONNECT = "The user must connect the account again. Then replay it."
_REPLAY = "Fix the cause, then replay it. Resolve it if it is dealt with, ignore it if it is known."
_NEVER = "It cannot be replayed: {} Resolve it if it is dealt with, or discard it with a reason."
_NOT_NOW = "It cannot be replayed now: {}"


def runs_of(failure: JobFailure) -> Sequence[SyncRun]:
    """The run that failed and its newest replays, oldest first, read by two queries.

    Each run has its newest attempts in the attribute `tried`, newest first.
    """
    own = Q(pk=failure.run_id) if failure.run_id else Q(pk__in=[])
    of_it = SyncRun.objects.filter(own | Q(replay_of=failure.pk)).order_by("-created_at", "-pk")
    return list(with_attempts(of_it[:MOST_RUNS]))[::-1]


def with_attempts(runs: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
    """Read the runs, each with its newest attempts in the attribute `tried`, newest first."""
    newest = JobAttempt.objects.order_by("-fence")[:MOST_ATTEMPTS]
    return runs.prefetch_related(Prefetch("attempts", newest, to_attr="tried"))


def tells(runs: Sequence[SyncRun], traceback: str) -> bool:
    """Return whether one of the runs' attempts has this traceback, so that it need not be shown
    again."""
    attempts = (attempt for run in runs for attempt in vars(run)["tried"])
    return any(attempt.traceback == traceback for attempt in attempts)


def advice(failure: JobFailure) -> str:
    """What a person should do now, in one or two sentences; by at most two queries."""
    status = FailureStatus(failure.status)
    if status in _PUT_ASIDE:
        return _PUT_ASIDE[status]
    (verdict,) = replay.plan([failure.pk])
    if verdict.reason in (replay.NOTHING, replay.GONE):
        return _NEVER.format(verdict.reason)
    if verdict.reason:
        return _NOT_NOW.format(verdict.reason)
    dead = SyncConnection.objects.filter(pk=failure.connection_id, state=ConnectionState.DEAD)
    return _CONNECT if dead.exists() else _REPLAY
