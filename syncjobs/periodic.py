"""What is to be done again and again. Which duty is due when stands in PostgreSQL.

So nothing is due twice however many workers there are, nothing depends on Redis, and a window that
was missed is caught up, once.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connections, transaction

from graph.enrich import run
from graph.errors import RefreshRunning
from graph.http.idempotency import KEPT
from graph.view import maintenance, refresh
from syncjobs import queue, recover, run_state, runs, sql
from syncjobs.database_threads import UNREACHABLE
from syncjobs.failures import record

log = logging.getLogger(__name__)
ROLE = run_state.ROLE
RETAINED_AT_ONCE = 5_000
ENRICHING = 10.0  # seconds
QUIET = 30.0  # seconds without a change: a sync in pages is enriched once, at its end


@dataclass(frozen=True, slots=True)
class Duty:
    """Its work says what it did."""

    every: float
    work: Callable[[], dict[str, Any]]


def refresh_view() -> dict[str, Any]:
    """Refresh the view where it is time to, unless another process does."""
    if refresh.state() is refresh.State.READY and not maintenance.due():
        return {"rows": None}
    try:
        done = refresh.refresh(concurrently=refresh.state() is refresh.State.READY, wait=False)
    except RefreshRunning:
        return {"rows": None}
    return {"rows": done.rows, "seconds": round(done.seconds, 3)}


def enrich() -> dict[str, Any]:
    """Compute the layers of tenants whose books have changed, the longest waiting first.

    After some seconds the others wait for the next time: a worker that is to end waits for this.
    """
    end = time.monotonic() + ENRICHING
    done = 0
    while time.monotonic() < end and (waiting := run.waiting(1, QUIET)):
        try:
            run.enrich(waiting[0])
        except BaseException:
            run.postpone(waiting[0])  # nobody waits behind books that cannot be enriched
            raise
        done += 1
    return {"tenants": done}


def accept_due() -> dict[str, Any]:
    """Accept a sync of every connection whose time has come."""
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
    """Delete ended runs, settled failures, deleted items and marks older than FINLEY_KEEP_DAYS."""
    counts = {}
    for name in ("failures", "runs", "items"):
        counts[name] = sum(_forgotten(f"retention/old_{name}_deleted"))
    counts["marks"] = maintenance.forget_marks(settings.SYNC_KEEP_DAYS)
    return counts


def forget_answers() -> dict[str, Any]:
    """Delete questions and idempotency keys whose answers were kept for long enough."""
    return {
        "questions": sum(_forgotten("retention/old_questions_deleted")),
        "keys": sum(_forgotten("retention/old_keys_deleted", keep=KEPT.total_seconds())),
    }


def _forgotten(name: str, **more: float) -> Iterator[int]:
    """In bites, so that nobody waits for one long delete."""
    while True:
        with connections[ROLE].cursor() as cursor:
            cursor.execute(
                sql.read(name),
                {"days": settings.SYNC_KEEP_DAYS, "limit": RETAINED_AT_ONCE, **more},
            )
            yield cursor.rowcount
            if cursor.rowcount < RETAINED_AT_ONCE:
                return


DUTIES: dict[str, Duty] = {
    "recover": Duty(5, recover.recover),
    "accept_due": Duty(10, accept_due),
    "enrich": Duty(15, enrich),
    "refresh_view": Duty(30, refresh_view),
    "forget_old": Duty(86_400, forget_old),
    "forget_answers": Duty(3_600, forget_answers),
}


def begun(worker: str) -> list[str]:
    """The duties that are due, each now leased to this worker."""
    given: dict[str, Any] = {"names": list(DUTIES), "worker": worker, "lease": settings.SYNC_LEASE}
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("schedule/known"), given)
        cursor.execute(sql.read("schedule/begun"), given)
        return [name for (name,) in cursor.fetchall()]


def renewed(names: list[str], worker: str) -> None:
    """Their leases go on."""
    given: dict[str, Any] = {"names": names, "worker": worker, "lease": settings.SYNC_LEASE}
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("schedule/renewed"), given)


def do(name: str) -> None:
    """Do it, and write down what it found, or its failure in job_failures; then it is due later."""
    found, error = None, ""
    try:
        found = DUTIES[name].work()
    except UNREACHABLE:
        raise
    except Exception as failure:
        trouble = record.trouble_of(failure)
        record.of_duty(name, trouble)
        error = trouble.error
        log.exception("duty %s failed", name)
    given: dict[str, Any] = {
        "name": name,
        "every": DUTIES[name].every,
        "found": json.dumps(found),
        "error": error,
    }
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("schedule/done"), given)
