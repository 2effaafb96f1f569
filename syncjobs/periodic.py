"""Periodic tasks. PostgreSQL stores when each is due.

A task therefore runs once per period with any number of workers and without Redis. After downtime
it runs once.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.utils.module_loading import import_string

from graph.enrich import run_enrichment
from graph.errors import RefreshRunning
from graph.history import retention
from graph.http.idempotency import KEPT
from graph.view import maintenance, refresh
from syncjobs import queue, recover, run_state, runs, sql
from syncjobs.alerts import delivery_state, rules
from syncjobs.database_threads import UNREACHABLE
from syncjobs.events import publish
from syncjobs.failures import bulk_replay, record

log = logging.getLogger(__name__)
ROLE = run_state.ROLE
RETAINED_AT_ONCE = 5_000
LEASE = 8.0  # seconds until another worker takes over the tasks of a dead one; renewed every 2 s
ENRICHING = 10.0  # seconds per run of the task `enrich`
QUIET = 30.0  # seconds without a change, so that a sync of many pages is enriched once, at its end


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """A periodic task. `every` is its period in seconds. `work` does it and returns the counts to
    store with its result."""

    every: float
    work: Callable[[], dict[str, Any]]


def refresh_view() -> dict[str, Any]:
    """Refresh the view if it is due and no other process refreshes it.

    Returns {"rows", "seconds"} of the refresh, or {"rows": None} if there was none.
    """
    if refresh.state() is refresh.State.READY and not maintenance.due():
        return {"rows": None}
    try:
        result = refresh.refresh(concurrently=refresh.state() is refresh.State.READY, wait=False)
    except RefreshRunning:
        return {"rows": None}
    return {"rows": result.rows, "seconds": round(result.seconds, 3)}


def enrich() -> dict[str, Any]:
    """Compute the layers of tenants whose books have changed, beginning with the tenant that has
    waited longest. Returns {"tenants": their number}.

    No tenant is started after ENRICHING seconds, because a worker that stops waits for this task.
    The remaining tenants wait for the next run.
    """
    end = time.monotonic() + ENRICHING
    count = 0
    while time.monotonic() < end and (waiting := run_enrichment.waiting(1, QUIET)):
        try:
            run_enrichment.enrich(waiting[0])
        except BaseException:
            run_enrichment.postpone(
                waiting[0]
            )  # books that cannot be enriched must not block others
            raise
        count += 1
    return {"tenants": count}


def accept_due() -> dict[str, Any]:
    """Accept a sync of every connection whose schedule says that it is due. Returns {"accepted":
    their number}."""
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("runs/due"))
        due = [
            queue.Queued(job_id, function, str(run_id))
            for job_id, function, run_id in cursor.fetchall()
        ]
    if due:
        runs.tell(due)
    return {"accepted": len(due)}


def forget_old() -> dict[str, Any]:
    """Delete ended runs, settled failures, deleted items, messages, tasks, bulk replays and change
    records that are older than FINLEY_KEEP_DAYS, and the history of rows that is older than
    FINLEY_HISTORY_DAYS. Returns the number of deleted rows by kind."""
    counts = {}
    for name in ("failures", "runs", "items", "deliveries", "tasks", "replays"):
        counts[name] = sum(_deleted_counts(f"retention/old_{name}_deleted"))
    counts["marks"] = maintenance.delete_change_records(settings.SYNC_KEEP_DAYS)
    counts["history"] = retention.forget(settings.HISTORY_DAYS)
    return counts


def forget_answers() -> dict[str, Any]:
    """Delete expired answers to questions and expired idempotency keys. Returns the number of
    deleted rows as {"questions", "keys"}."""
    return {
        "questions": sum(_deleted_counts("retention/old_questions_deleted")),
        "keys": sum(_deleted_counts("retention/old_keys_deleted", keep=KEPT.total_seconds())),
    }


def _deleted_counts(name: str, **more: float) -> Iterator[int]:
    """Run the deletion `syncjobs/sql/<name>.sql` in batches until nothing is left, because one long
    deletion would block others. Yield each batch's number of rows."""
    while True:
        with connections[ROLE].cursor() as cursor:
            cursor.execute(
                sql.read(name),
                {"days": settings.SYNC_KEEP_DAYS, "limit": RETAINED_AT_ONCE, **more},
            )
            yield cursor.rowcount
            if cursor.rowcount < RETAINED_AT_ONCE:
                return


def _of_site(path: str) -> Callable[[], dict[str, Any]]:
    """A function that calls the function at this dotted path of the site's code. Its module is
    imported at the first call."""

    def work() -> dict[str, Any]:
        counts: dict[str, Any] = import_string(path)()
        return counts

    return work


TASKS: dict[str, PeriodicTask] = {
    "recover": PeriodicTask(5, recover.recover),
    "accept_due": PeriodicTask(10, accept_due),
    "enrich": PeriodicTask(15, enrich),
    "refresh_view": PeriodicTask(30, refresh_view),
    "deliver_due": PeriodicTask(5, delivery_state.enqueue_due),
    "alert": PeriodicTask(60, rules.watch),
    "publish_events": PeriodicTask(30, publish.look),
    "bulk_replay": PeriodicTask(1, bulk_replay.advance),
    "forget_old": PeriodicTask(86_400, forget_old),
    "forget_answers": PeriodicTask(3_600, forget_answers),
    **{
        name: PeriodicTask(every, _of_site(path))
        for name, (every, path) in settings.PERIODIC_TASKS.items()
    },
}


def begun(worker: str) -> list[str]:
    """Lease the periodic tasks that are due to this worker. Return their names."""
    lease: dict[str, Any] = {"names": list(TASKS), "worker": worker, "lease": LEASE}
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("schedule/known"), lease)
        cursor.execute(sql.read("schedule/begun"), lease)
        return [name for (name,) in cursor.fetchall()]


def renewed(names: list[str], worker: str) -> None:
    """Renew this worker's leases on the tasks."""
    lease: dict[str, Any] = {"names": names, "worker": worker, "lease": LEASE}
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("schedule/renewed"), lease)


def do(name: str) -> None:
    """Run the periodic task of this name. Record its result, or its failure in job_failures, and
    when it is due next."""
    result, error = None, ""
    try:
        result = TASKS[name].work()
    except UNREACHABLE:
        raise
    except Exception as failure:
        trouble = record.trouble_of(failure)
        record.of_duty(name, trouble)
        error = trouble.error
        log.exception("periodic task %s failed", name)
    outcome: dict[str, Any] = {
        "name": name,
        "every": TASKS[name].every,
        "found": json.dumps(result),
        "error": error,
    }
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("schedule/done"), outcome)
