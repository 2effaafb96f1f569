"""Replays failures: a failed sync gets a new run, linked to the failure; a failed message or
task waits again.

A failure has at most one active replay. The replay starts under a lock on the failure's row, which
has the status `replaying` until the run, the delivery or the task ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.utils import timezone

from syncjobs import runs
from syncjobs.alerts import delivery_state, wake_up
from syncjobs.errors import PaceRefused, PayloadRefused, RequestError
from syncjobs.failures import action_log, outcomes, payloads, record
from syncjobs.failures.outcomes import Verdict
from syncjobs.models import Delivery, JobFailure, ProjectTask, SyncConnection, SyncRun
from syncjobs.models.choices import ACTIVE, ConnectionState, FailureStatus, Trigger
from syncjobs.project_tasks import enqueue_tasks, task_state

REPLAYABLE = (FailureStatus.OPEN, FailureStatus.IGNORED)
NOT_REPLAYABLE = {
    FailureStatus.REPLAYING: "It is already being replayed.",
    FailureStatus.RESOLVED: "It is resolved. Reopen it first.",
    FailureStatus.DISCARDED: "It is discarded. Reopen it first.",
}
NOTHING = "It has no connection to sync, so it cannot be replayed."
GONE = "Its connection does not exist any more."
BUSY = "A sync of its connection is queued or running."
SECOND = "Another failure of the same connection comes first, because one run is active at a time."
DISABLED = "Its endpoint is disabled. Enable it first."
TAKEN = "Somebody else is changing it now."
FASTEST = 60_000  # replays per minute
NOBODY = UUID(int=0)


@dataclass(slots=True)
class Replayed:
    """The failures that were started, each with the id of its run, message or task, and the skipped
    ones with reasons."""

    started: list[tuple[JobFailure, UUID]] = field(default_factory=list)
    skipped: list[Verdict] = field(default_factory=list)


class _Skipped(Exception):
    """Raised to skip a failure that cannot be replayed after all, while its row is locked. The
    message is the reason."""


def plan(ids: Iterable[UUID]) -> list[Verdict]:
    """A dry run: for each failure in order, whether its replay would start now."""
    rows = outcomes.found(JobFailure.objects.all(), ids)
    ids_of = {key: connection_of(failure) for key, failure in rows.items() if failure}
    waiting_again = _rows_of(rows.values())
    present = {connection_id for connection_id in ids_of.values() if connection_id}
    rows_by_id = SyncConnection.objects.only("user_id", "state").in_bulk(present)
    busy = dict.fromkeys(_active(present), BUSY)
    planned = []
    for key, failure in rows.items():
        connection = rows_by_id.get(ids_of.get(key) or NOBODY)
        if failure is not None and failure.pk in waiting_again:
            reason = NOT_REPLAYABLE.get(FailureStatus(failure.status), waiting_again[failure.pk])
        else:
            reason = _against(failure, connection, busy)
        planned.append(Verdict(key, failure, reason))
        if connection and not reason:
            busy[connection.pk] = SECOND
    return planned


def connection_of(failure: JobFailure) -> UUID | None:
    """The id of the connection that a replay of the failure would sync; None if the failure is not
    about a connection."""
    try:
        return UUID(failure.connection_id) if failure.user_id else None
    except ValueError:
        return None


def _rows_of(failures: Iterable[JobFailure | None]) -> dict[UUID, str]:
    """For each failure that is about a message or a task that still exists: the failure's id → why
    that cannot wait again, or ""."""
    present = [failure for failure in failures if failure]
    messages = [failure.pk for failure in present if failure.function == record.DELIVER]
    tasks = [failure.pk for failure in present if failure.job_id.startswith(record.TASK)]
    reasons: dict[UUID, str] = {}
    if messages:
        endpoints = Delivery.objects.filter(failure__in=messages)
        enabled = endpoints.values_list("failure_id", "endpoint__is_enabled")
        reasons |= {key: "" if is_enabled else DISABLED for key, is_enabled in enabled}
    if tasks:
        failed = ProjectTask.objects.filter(failure__in=tasks)
        reasons |= dict.fromkeys(failed.values_list("failure_id", flat=True), "")
    return reasons


def _active(connection_ids: Iterable[UUID]) -> Iterable[UUID]:
    active = SyncRun.objects.filter(connection__in=list(connection_ids), status__in=ACTIVE)
    return active.values_list("connection_id", flat=True)


def _against(
    failure: JobFailure | None, connection: SyncConnection | None, busy: dict[UUID, str]
) -> str:
    """The reason why the failure cannot be replayed now, or "" if it can. `busy` maps a
    connection's id to the reason why no run may start on it."""
    if failure is None:
        return outcomes.UNKNOWN
    if reason := NOT_REPLAYABLE.get(FailureStatus(failure.status)):
        return reason
    if connection_of(failure) is None:
        return NOTHING
    if connection is None or connection.user_id != failure.user_id:
        return GONE
    return runs.NOT_NOW.get(ConnectionState(connection.state)) or busy.get(connection.pk, "")


def replay(
    ids: Iterable[UUID],
    *,
    by: AbstractBaseUser | None,
    per_minute: int | None = None,
    payload: dict[str, Any] | None = None,
) -> Replayed:
    """Replay the failures, each in a transaction of its own. Return which were started, and which
    were skipped because they cannot be replayed.

    The first run starts now, the others at the pace of `per_minute` runs per minute. An edited
    `payload` is for exactly one failure, whose old payload stays in its history. Raises
    PayloadRefused, PaceRefused.
    """
    planned = plan(ids)
    _check(planned, per_minute, payload)
    now = timezone.now()
    outcome = Replayed()
    for verdict in planned:
        start = _start_time(now, len(outcome.started), per_minute)
        try:
            outcome.started.append(_started(verdict, by, start, payload))
        except _Skipped as reason:
            outcome.skipped.append(Verdict(verdict.failure_id, verdict.failure, str(reason)))
    return outcome


def _check(planned: list[Verdict], per_minute: int | None, payload: dict[str, Any] | None) -> None:
    if per_minute is not None and not 1 <= per_minute <= FASTEST:
        raise PaceRefused(f"Replays per minute must be a whole number from 1 to {FASTEST:,}.")
    if payload is None:
        return
    if len(planned) != 1:
        raise PayloadRefused("An edited payload is for exactly one failure.")
    if planned[0].failure is not None:
        payloads.edited(planned[0].failure, payload)


def _start_time(now: datetime, nth: int, per_minute: int | None) -> datetime | None:
    return now + timedelta(minutes=nth / per_minute) if per_minute and nth else None


def _started(
    verdict: Verdict,
    by: AbstractBaseUser | None,
    start: datetime | None,
    payload: dict[str, Any] | None,
) -> tuple[JobFailure, UUID]:
    """Start the replay of one failure in one transaction. Return the failure with the id of its new
    run, message or task. Raises _Skipped."""
    if verdict.reason:
        raise _Skipped(verdict.reason)
    try:
        with transaction.atomic(using=router.db_for_write(JobFailure)):
            failure = _locked(verdict.failure_id)
            if payload is not None:
                _edit(failure, payload, by)
            kind, key = _restarted(failure, start)
            _set_replaying(failure)
            action_log.write(by, [failure], _said(kind, key, start, payload is not None))
    except RequestError as error:
        raise _Skipped(str(error)) from None
    return failure, key


def _locked(failure_id: UUID) -> JobFailure:
    """Read the failure and lock its row until the transaction ends. Raises _Skipped if somebody
    else has locked it, or if it cannot be replayed any more."""
    free = JobFailure.objects.select_for_update(skip_locked=True).defer("traceback")
    failure = free.filter(pk=failure_id).first()
    if failure is None:
        raise _Skipped(TAKEN)
    if reason := NOT_REPLAYABLE.get(FailureStatus(failure.status)):
        raise _Skipped(reason)
    return failure


def _edit(failure: JobFailure, payload: dict[str, Any], by: AbstractBaseUser | None) -> None:
    before = {
        "payload": failure.payload,
        "by": by.get_username() if by else "",
        "at": timezone.now().isoformat(timespec="seconds"),
    }
    failure.payload = payloads.edited(failure, payload)
    failure.payload_history = [*failure.payload_history, before]


def _restarted(failure: JobFailure, start: datetime | None) -> tuple[str, UUID]:
    """Start the replay, and return what it is ("message", "task" or "run") and its id. Raises
    _Skipped."""
    if (message := _delivered_again(failure, start)) is not None:
        return "message", message
    if (task := _run_again(failure, start)) is not None:
        return "task", task
    return "run", _accepted(failure, start).pk


def _run_again(failure: JobFailure, start: datetime | None) -> UUID | None:
    """Let the failure's task wait again and return its id, or None if the failure is not about a
    task."""
    if not failure.job_id.startswith(record.TASK):
        return None
    task = task_state.again(failure.pk, start)
    if task is None:
        return None
    wake = partial(enqueue_tasks.enqueue, task.pk, task.fence, task.due_at)
    transaction.on_commit(wake, using=router.db_for_write(JobFailure))
    return task.pk


def _delivered_again(failure: JobFailure, start: datetime | None) -> UUID | None:
    """Let the failure's message wait again and return its id, or None if the failure is not about a
    message. Raises _Skipped."""
    if failure.function != record.DELIVER:
        return None
    message = Delivery.objects.select_related("endpoint").filter(failure=failure).first()
    if message is None:
        return None
    if not message.endpoint.is_enabled:
        raise _Skipped(DISABLED)
    delivery_state.again(message.pk, start)
    alias = router.db_for_write(JobFailure)
    transaction.on_commit(partial(wake_up.endpoints, [message.endpoint_id]), using=alias)
    return message.pk


def _accepted(failure: JobFailure, start: datetime | None) -> SyncRun:
    connection_id = connection_of(failure)
    if failure.user_id is None or connection_id is None:
        raise _Skipped(NOTHING)
    return runs.accept(
        failure.user_id,
        connection_id,
        trigger=Trigger.REPLAY,
        payload=payloads.requested_payload(failure),
        correlation_id=failure.correlation_id,
        replay_of=failure.pk,
        not_before=start,
    )


def _set_replaying(failure: JobFailure) -> None:
    failure.status, failure.note, failure.settled_at = FailureStatus.REPLAYING, "", None
    failure.save(
        update_fields=["status", "note", "settled_at", "payload", "payload_history"],
    )


def _said(kind: str, key: UUID, start: datetime | None, edited: bool) -> str:
    when = f", not before {start:%Y-%m-%d %H:%M:%S} UTC" if start else ""
    return f"Replayed as {kind} {key}{when}{', with an edited payload' if edited else ''}."
