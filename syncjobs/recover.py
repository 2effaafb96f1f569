"""Runs that nobody works on any more: found, and put back into the queue or recorded.

What can strand a run: its worker died or stalled, Redis lost its job or was never told of it, arq
ended its job without calling any code of ours. PostgreSQL knows of every run, so nothing is lost.
"""

import json
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from redis.exceptions import RedisError

from syncjobs import metrics, queue, run_state, runs, sql
from syncjobs.failures import record
from syncjobs.failures.record import Trouble
from syncjobs.models import SyncRun
from syncjobs.models.choices import ACTIVE
from syncjobs.questions import enqueue
from syncjobs.uploads import enqueue as uploads

log = logging.getLogger(__name__)

ROLE = run_state.ROLE
AT_ONCE = 500
TOLD = 10.0  # seconds; a job younger than that is on its way
EXPIRED, USED_UP, UNKNOWN, ABORTED, BROKEN = "expired", "used_up", "unknown", "aborted", "broken"


def recover() -> dict[str, int]:
    """Put right all that is stranded; says how many of each kind."""
    found = {
        "worker_lost": stranded(),
        "redis_lost": forgotten(),
        "replay_abandoned": abandoned(),
        "question_lost": enqueue.recovered(),
        "upload_lost": uploads.recovered(),
    }
    for reason, count in found.items():
        if count:
            metrics.recovered(reason, count)
            log.warning("recovered %d jobs (%s)", count, reason)
    return found


def stranded() -> int:
    """Runs whose lease has ended: another try, or a failure where the tries are used up."""
    with transaction.atomic(using=ROLE):
        lost = _rows("runs/stranded", {"limit": AT_ONCE})
        old = [(run_id, job_id) for run_id, _, tries, job_id, *_ in lost if not _used_up(tries)]
        jobs = _requeued(old)
        for run_id, _, tries, _, worker, function in lost:
            if _used_up(tries):
                run_state.failed(run_id, None, _died(worker, function, tries))
    _forget(job_id for *_, job_id, _, _ in lost)
    runs.tell(jobs)
    return len(lost)


def _used_up(tries: int) -> bool:
    return tries >= int(settings.ARQ_MAX_TRIES)


def _died(worker: str, function: str, tries: int) -> Trouble:
    return Trouble(
        "WorkerLost",
        f"Its worker died or stalled on try {tries}, the last one: look at the worker's log and "
        f"memory about that time ({worker}), then replay it.",
        location=f"syncjobs/tasks.py:{function}",
    )


def forgotten() -> int:
    """Queued runs that Redis does not know, or never heard of. Nothing, while Redis is away."""
    waiting = _rows("runs/not_enqueued", {"age": TOLD})
    heard = {job_id: run_id for run_id, job_id, untold in waiting if not untold}
    try:
        gone = [(heard[job_id], job_id) for job_id in queue.missing(heard)]
    except (RedisError, OSError):
        return 0
    gone += [(run_id, job_id) for run_id, job_id, untold in waiting if untold]
    for some in (gone[at : at + AT_ONCE] for at in range(0, len(gone), AT_ONCE)):
        if not runs.tell(_requeued(some)):
            return 0
    return len(gone)


def abandoned() -> int:
    """Failures whose replay is gone without an end are open again."""
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("failures/replays_abandoned"))
        return int(cursor.rowcount)


def unseen(job_id: str, reason: str, why: str, raw: bytes | None) -> None:
    """A job that arq has ended without calling any code of ours.

    Its run, if it still waits for this job, gets another one while Redis is to blame, or fails.
    A job that no run is known of is recorded as Redis held it.
    """
    metrics.unseen(reason)
    if enqueue.unseen(job_id, again=reason in {EXPIRED, BROKEN}, why=why):
        return
    if uploads.unseen(job_id):
        return
    run = SyncRun.objects.using(ROLE).filter(job_id=job_id).first()
    if run is None:
        if not _superseded(job_id):
            function, tries = _told_by(raw)
            record.of_job(job_id, function, raw, tries, _ended_by_arq(why))
    elif run.status not in ACTIVE:
        return
    elif reason in {EXPIRED, BROKEN} and not _used_up(run.tries):
        runs.tell(_requeued([(run.pk, job_id)]))
    else:
        run_state.failed(run.pk, None, _ended_by_arq(why, run.function))


def _superseded(job_id: str) -> bool:
    """Whether it was a run's job once: the run has another one since."""
    try:
        run_id = UUID(job_id.partition(":")[0])
    except ValueError:
        return False
    return SyncRun.objects.using(ROLE).filter(pk=run_id).exists()


def _told_by(raw: bytes | None) -> tuple[str, int]:
    """The function that a job names and the try it says, as far as it can be understood."""
    try:
        job = queue.load(raw or b"")
        return str(job.get("f") or "unknown"), int(job.get("t") or 1)
    except (ValueError, TypeError):
        return "unknown", 1


def _ended_by_arq(why: str, function: str = "") -> Trouble:
    return Trouble("EndedByArq", why, location=f"syncjobs/tasks.py:{function}" if function else "")


def _requeued(old: Iterable[tuple[UUID, str]]) -> list[queue.Queued]:
    """New jobs for these runs, if the old ones are still theirs."""
    pairs = list(old)
    if not pairs:
        return []
    given = {"runs": [run_id for run_id, _ in pairs], "jobs": [job_id for _, job_id in pairs]}
    return [
        queue.Queued(job_id, function, str(run_id), not_before, job_try)
        for job_id, function, run_id, not_before, job_try in _rows("runs/requeued", given)
    ]


def _forget(job_ids: Iterable[str]) -> None:
    try:
        queue.forget(job_ids)
    except (RedisError, OSError) as error:
        log.info("old jobs stay in Redis for now (%s)", type(error).__name__)


def _rows(name: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), given)
        return list(cursor.fetchall())


def reason_of(result: bytes | None) -> tuple[str, str]:
    """Which of arq's ends it was, and a sentence, from the result that arq would have kept."""
    try:
        said = json.loads(result or b"{}").get("r") or {}
        text = f"{said.get('error', '')}: {said.get('message', '')}"
    except (ValueError, AttributeError):
        text = ""
    for mark, reason, sentence in _ENDS:
        if mark in text:
            return reason, sentence
    return BROKEN, f"arq could not run this job ({text or 'it gave no reason'})."


_ENDS = (
    ("job expired", EXPIRED, "Redis had lost what this job was to do by the time of its start."),
    ("max ", USED_UP, "All tries were used up by workers that stopped or died on it."),
    ("not found", UNKNOWN, "No worker knows this function: deploy one that does, then replay it."),
    ("CancelledError", ABORTED, "The job was aborted in Redis before it started."),
    ("erializ", BROKEN, "What Redis held for this job is not a job that can be read."),
)
