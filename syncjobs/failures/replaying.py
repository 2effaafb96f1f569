"""Replays: a failure's sync asked for once more, as a run that is linked to it.

At most one replay of a failure is on its way: it is started under a lock on the failure's row,
which is then `replaying` until the run ends (the ledger says what became of it).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.utils import timezone

from syncjobs import runs
from syncjobs.errors import PaceRefused, PayloadRefused, RequestError
from syncjobs.failures import log, outcomes, payloads
from syncjobs.failures.outcomes import Verdict
from syncjobs.models import JobFailure, SyncConnection, SyncRun
from syncjobs.models.choices import ACTIVE, ConnectionState, FailureStatus, Trigger

REPLAYABLE = (FailureStatus.OPEN, FailureStatus.IGNORED)
NOT_REPLAYABLE = {
    FailureStatus.REPLAYING: "It is being replayed already.",
    FailureStatus.RESOLVED: "It is resolved: reopen it first.",
    FailureStatus.DISCARDED: "It is discarded: reopen it first.",
}
NOTHING = "It names no connection to sync: there is nothing to replay."
GONE = "Its connection is gone."
BUSY = "A sync of its connection is queued or running."
SECOND = "Another failure of the same connection comes first: one run a connection at a time."
TAKEN = "Somebody else is at it right now."
FASTEST = 60_000  # a minute
NOBODY = UUID(int=0)


@dataclass(slots=True)
class Replayed:
    """What was started, each failure with its run, and what was not, each with its reason."""

    started: list[tuple[JobFailure, SyncRun]] = field(default_factory=list)
    skipped: list[Verdict] = field(default_factory=list)


class _Skipped(Exception):
    """The reason, found under the lock."""


def plan(ids: Iterable[UUID]) -> list[Verdict]:
    """A dry run: for each failure, in the order given, whether a replay of it would start now."""
    rows = outcomes.found(JobFailure.objects.all(), ids)
    ids_of = {key: connection_of(failure) for key, failure in rows.items() if failure}
    named = {each for each in ids_of.values() if each}
    known = SyncConnection.objects.only("user_id", "state").in_bulk(named)
    taken = dict.fromkeys(_active(named), BUSY)
    planned = []
    for key, failure in rows.items():
        connection = known.get(ids_of.get(key) or NOBODY)
        reason = _against(failure, connection, taken)
        planned.append(Verdict(key, failure, reason))
        if connection and not reason:
            taken[connection.pk] = SECOND
    return planned


def connection_of(failure: JobFailure) -> UUID | None:
    """The id of the connection that a replay would sync; None: there is none."""
    try:
        return UUID(failure.connection_id) if failure.user_id else None
    except ValueError:
        return None


def _active(connection_ids: Iterable[UUID]) -> Iterable[UUID]:
    active = SyncRun.objects.filter(connection__in=list(connection_ids), status__in=ACTIVE)
    return active.values_list("connection_id", flat=True)


def _against(
    failure: JobFailure | None, connection: SyncConnection | None, taken: dict[UUID, str]
) -> str:
    """Why the failure cannot be replayed now; empty: it can."""
    if failure is None:
        return outcomes.UNKNOWN
    if reason := NOT_REPLAYABLE.get(FailureStatus(failure.status)):
        return reason
    if connection_of(failure) is None:
        return NOTHING
    if connection is None or connection.user_id != failure.user_id:
        return GONE
    return runs.NOT_NOW.get(ConnectionState(connection.state)) or taken.get(connection.pk, "")


def replay(
    ids: Iterable[UUID],
    *,
    by: AbstractBaseUser | None,
    per_minute: int | None = None,
    payload: dict[str, Any] | None = None,
) -> Replayed:
    """Start what can be started, each on its own: one that cannot stops no other.

    The first starts now, the others `per_minute` a minute. An edited `payload` is for exactly one
    failure, which keeps its old one. Raises PayloadRefused, PaceRefused.
    """
    planned = plan(ids)
    _check(planned, per_minute, payload)
    now = timezone.now()
    done = Replayed()
    for verdict in planned:
        start = _moment(now, len(done.started), per_minute)
        try:
            done.started.append(_started(verdict, by, start, payload))
        except _Skipped as reason:
            done.skipped.append(Verdict(verdict.failure_id, verdict.failure, str(reason)))
    return done


def _check(planned: list[Verdict], per_minute: int | None, payload: dict[str, Any] | None) -> None:
    if per_minute is not None and not 1 <= per_minute <= FASTEST:
        raise PaceRefused(f"Replays a minute are a whole number from 1 to {FASTEST:,}.")
    if payload is None:
        return
    if len(planned) != 1:
        raise PayloadRefused("An edited payload is for exactly one failure.")
    if planned[0].failure is not None:
        payloads.edited(planned[0].failure, payload)


def _moment(now: datetime, nth: int, per_minute: int | None) -> datetime | None:
    return now + timedelta(minutes=nth / per_minute) if per_minute and nth else None


def _started(
    verdict: Verdict,
    by: AbstractBaseUser | None,
    start: datetime | None,
    payload: dict[str, Any] | None,
) -> tuple[JobFailure, SyncRun]:
    """One failure's replay, all of it or nothing. Raises _Skipped."""
    if verdict.reason:
        raise _Skipped(verdict.reason)
    try:
        with transaction.atomic(using=router.db_for_write(JobFailure)):
            failure = _locked(verdict.failure_id)
            if payload is not None:
                _edit(failure, payload, by)
            run = _accepted(failure, start)
            _mark(failure)
            log.write(by, [failure], _said(run, start, edited=payload is not None))
    except RequestError as error:
        raise _Skipped(str(error)) from None
    return failure, run


def _locked(failure_id: UUID) -> JobFailure:
    """The failure, ours alone until the transaction ends. Raises _Skipped."""
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


def _accepted(failure: JobFailure, start: datetime | None) -> SyncRun:
    connection_id = connection_of(failure)
    if failure.user_id is None or connection_id is None:
        raise _Skipped(NOTHING)
    return runs.accept(
        failure.user_id,
        connection_id,
        trigger=Trigger.REPLAY,
        payload=payloads.asked(failure),
        correlation_id=failure.correlation_id,
        replay_of=failure.pk,
        not_before=start,
    )


def _mark(failure: JobFailure) -> None:
    failure.status, failure.note, failure.settled_at = FailureStatus.REPLAYING, "", None
    failure.save(
        update_fields=["status", "note", "settled_at", "payload", "payload_history"],
    )


def _said(run: SyncRun, start: datetime | None, *, edited: bool) -> str:
    when = f", not before {start:%Y-%m-%d %H:%M:%S} UTC" if start else ""
    return f"Replayed as run {run.pk}{when}{', with an edited payload' if edited else ''}."
