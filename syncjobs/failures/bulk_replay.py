"""Bulk replays: many failures, one at a time per connection, in the order in which they happened.

A periodic task starts the replays that may start. The start is recorded in the same transaction as
the replay itself. So a worker that dies neither loses a replay nor starts it twice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from graph.database.role import as_owner
from syncjobs import queue, runs, sql
from syncjobs.errors import PaceRefused
from syncjobs.failures import action_log, payloads, replay
from syncjobs.failures.outcomes import Verdict
from syncjobs.models import JobFailure, ReplayBatch, ReplayItem
from syncjobs.models.choices import ReplayState
from syncjobs.providers import PROVIDERS

ROLE = "owner"
MINUTE = timedelta(minutes=1)
AT_ONCE = 500  # starts of a batch at a time
LATER = frozenset({replay.BUSY, replay.SECOND, replay.TAKEN})  # reasons that end by themselves
ACTIVE = (ReplayState.WAITING, ReplayState.STARTED)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many failures of a bulk replay are in each state now."""

    waiting: int = 0
    started: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    stopped: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, state.value) for state in ReplayState)

    @property
    def is_over(self) -> bool:
        return not self.waiting and not self.started

    @property
    def done(self) -> int:
        return self.total - self.waiting - self.started


def begin(
    ids: Iterable[UUID], *, by: AbstractBaseUser | None, per_minute: int | None = None
) -> ReplayBatch:
    """Accept a bulk replay of these failures; unknown ids are left out. Raises PaceRefused.

    `per_minute` limits the number of starts; None means no limit.
    """
    if per_minute is not None and not 1 <= per_minute <= replay.FASTEST:
        raise PaceRefused(f"Replays per minute must be from 1 to {replay.FASTEST:,}.")
    batch = ReplayBatch(
        id=uuid4(),
        by_id=by.pk if by else None,
        by_name=by.get_username() if by else "",
        per_minute=per_minute,
    )
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        batch.save(using=ROLE, force_insert=True)
        values: dict[str, Any] = {"batch": batch.pk, "failures": list(dict.fromkeys(ids))}
        cursor.execute(sql.read("replays/begun"), values)
    return batch


def progress(batch_id: UUID) -> Progress:
    """The number of failures of a bulk replay in each state, by one query."""
    return Progress(**dict(_rows("replays/counts", batch=batch_id)))


def stop(batch_id: UUID) -> int:
    """Stop a bulk replay. Replays that have started go on. Return the number of those not
    started."""
    with transaction.atomic(using=ROLE):
        batches = ReplayBatch.objects.using(ROLE).filter(pk=batch_id, stopped_at=None)
        batches.select_for_update().update(stopped_at=Now())
        waiting = ReplayItem.objects.using(ROLE).filter(batch=batch_id, state=ReplayState.WAITING)
        return waiting.update(state=ReplayState.STOPPED, ended_at=Now())


def advance() -> dict[str, Any]:
    """Record which replays have ended, and start those that may start, for every bulk replay that
    has not ended. Returns {"started": the number of started replays}."""
    started = 0
    with as_owner():
        for batch in ReplayBatch.objects.using(ROLE).filter(ended_at=None).order_by("created_at"):
            started += _advanced(batch)
    return {"started": started}


def _advanced(batch: ReplayBatch) -> int:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("replays/settled"), {"batch": batch.pk})
    limit = _allowed(batch, timezone.now())
    first = dict(_rows("replays/next", batch=batch.pk, limit=limit))
    started = _started(batch, first) if first else 0
    if not batch.items.using(ROLE).filter(state__in=ACTIVE).exists():
        ReplayBatch.objects.using(ROLE).filter(pk=batch.pk).update(ended_at=Now())
    return started


def _allowed(batch: ReplayBatch, now: datetime) -> int:
    """The number of replays that may start now so that at most `per_minute` start in any minute.

    Starts in the last minute count. Time in which nothing could start does not allow more starts
    later.
    """
    if batch.per_minute is None:
        return AT_ONCE
    since = max(batch.created_at, now - MINUTE)
    due = min(int((now - since) / MINUTE * batch.per_minute) + 1, batch.per_minute)
    begun = batch.items.using(ROLE).filter(started_at__gt=now - MINUTE).count()
    return min(max(due - begun, 0), AT_ONCE)


def _started(batch: ReplayBatch, item_by_failure: Mapping[UUID, UUID]) -> int:
    """Start the replays that can start, in one transaction. Return their number. Items that can
    never be replayed are recorded as skipped, with the reason.

    `item_by_failure` maps a failure's id to its item of the bulk replay.
    """
    with transaction.atomic(using=ROLE):
        verdicts = replay.plan(item_by_failure)
        for reason, items in _refused(verdicts, item_by_failure).items():
            rows = ReplayItem.objects.using(ROLE).filter(pk__in=items)
            rows.update(state=ReplayState.SKIPPED, reason=reason, ended_at=Now())
        eligible = [verdict.failure for verdict in verdicts if verdict.eligible and verdict.failure]
        others = [failure for failure in eligible if replay.connection_of(failure) is None]
        begun = _runs(batch, [failure for failure in eligible if failure not in others])
        return begun + sum(_other(batch, failure) for failure in others)


def _refused(
    verdicts: Iterable[Verdict], item_by_failure: Mapping[UUID, UUID]
) -> dict[str, list[UUID]]:
    """The ids of the items that can never be replayed, by reason. Items that only have to wait are
    left out."""
    refused: dict[str, list[UUID]] = {}
    for verdict in verdicts:
        if verdict.reason and verdict.reason not in LATER:
            refused.setdefault(verdict.reason, []).append(item_by_failure[verdict.failure_id])
    return refused


def _runs(batch: ReplayBatch, failures: Sequence[JobFailure]) -> int:
    """Start a run for each failure of a connection. Return the number of runs."""
    if not failures:
        return 0
    rows = _rows(
        "replays/started",
        batch=batch.pk,
        failures=[failure.pk for failure in failures],
        connections=[replay.connection_of(failure) for failure in failures],
        bookkeeping=list(payloads.BOOKKEEPING),
        tasks=json.dumps({provider.name: provider.task for provider in PROVIDERS}),
    )
    jobs = [queue.Queued(job_id, function, run_id) for run_id, job_id, function, _ in rows]
    transaction.on_commit(partial(runs.tell, jobs), using=ROLE)
    begun = {failure_id for *_, failure_id in rows}
    logged = [failure for failure in failures if failure.pk in begun]
    action_log.write(_person(batch), logged, f"Replayed by the bulk replay {batch.pk}.")
    return len(rows)


def _other(batch: ReplayBatch, failure: JobFailure) -> int:
    """Replay the failure of a message or a task. Return 1, or 0 if it cannot be replayed now."""
    outcome = replay.replay([failure.pk], by=_person(batch))
    for _, key in outcome.started:
        items = ReplayItem.objects.using(ROLE).filter(batch=batch, failure=failure)
        items.update(state=ReplayState.STARTED, replayed_as=key, started_at=Now())
    return len(outcome.started)


def _person(batch: ReplayBatch) -> AbstractBaseUser | None:
    """The user who requested the bulk replay, for the log. None if that user was deleted."""
    if batch.by_id is None:
        return None
    person: AbstractBaseUser | None = (
        get_user_model().objects.using(ROLE).filter(pk=batch.by_id).first()
    )
    return person


def _rows(name: str, **values: Any) -> list[tuple[Any, ...]]:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), values)
        return list(cursor.fetchall())
