"""Finds runs that no worker works on any more, and requeues or fails them.

A run is stranded if its worker died or stalled, if Redis lost its job or never got it, or if arq
ended its job without calling our code. PostgreSQL has every run, so none is lost.
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
from syncjobs.alerts import wake_up
from syncjobs.failures import record
from syncjobs.failures.record import Trouble
from syncjobs.models import SyncRun
from syncjobs.models.choices import ACTIVE
from syncjobs.project_tasks import enqueue_tasks
from syncjobs.questions import enqueue_questions
from syncjobs.uploads import enqueue_uploads as uploads

log = logging.getLogger(__name__)

ROLE = run_state.ROLE
AT_ONCE = 500  # runs of one statement
ENQUEUED_AFTER = 10.0  # seconds; a younger job may not have reached Redis yet
CLOCK_SKEW = 30.0  # seconds that the clocks of PostgreSQL and a worker may differ
EXPIRED, USED_UP, UNKNOWN, ABORTED, BROKEN = "expired", "used_up", "unknown", "aborted", "broken"


def recover() -> dict[str, int]:
    """Recover everything that no worker works on any more: runs, replays, questions, uploads and
    tasks of the project. Return the number of recovered jobs by reason."""
    counts = {
        "worker_lost": stranded(),
        "redis_lost": lost_by_redis(),
        "replay_abandoned": abandoned(),
        "question_lost": enqueue_questions.recovered(),
        "upload_lost": uploads.recovered(),
        "task_lost": enqueue_tasks.recovered(),
    }
    for reason, count in counts.items():
        if count:
            metrics.recovered(reason, count)
            log.warning("recovered %d jobs (%s)", count, reason)
    return counts


def stranded() -> int:
    """Give runs with an expired lease another attempt, or fail them if no attempt is left. Return
    their number."""
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
        f"The worker died or stalled on attempt {tries}, the last one. Look at the worker's log "
        f"and memory at that time ({worker}), then replay this.",
        location=f"syncjobs/tasks.py:{function}",
    )


def lost_by_redis() -> int:
    """Requeue queued runs whose job Redis lost, never got, or got with a time that a wrong clock
    made too late. Does nothing while Redis is not available."""
    waiting = _rows("runs/not_enqueued", {"age": ENQUEUED_AFTER, "skew": CLOCK_SKEW})
    enqueued = {job_id: run_id for run_id, job_id, is_new, _ in waiting if not is_new}
    latest = {job_id: milliseconds for _, job_id, _, milliseconds in waiting}
    try:
        lost = [(enqueued[job_id], job_id) for job_id in queue.missing(enqueued, latest)]
    except (RedisError, OSError):
        return 0
    lost += [(run_id, job_id) for run_id, job_id, is_new, _ in waiting if is_new]
    for some in (lost[at : at + AT_ONCE] for at in range(0, len(lost), AT_ONCE)):
        if not runs.tell(_requeued(some)):
            return 0
    return len(lost)


def abandoned() -> int:
    """Reopen the failures whose replay disappeared without a recorded end. Return their number."""
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("failures/replays_abandoned"))
        return int(cursor.rowcount)


def unseen(job_id: str, reason: str, why: str, raw: bytes | None) -> None:
    """Handle a job of any kind that arq ended without calling our code. `reason` and `why` are
    those of `reason_of`; `raw` are the job's bytes in Redis.

    A run that still waits for this job gets a new job if arq could not run the old one and the run
    has attempts left. Otherwise the run fails. A job that belongs to nothing is recorded as a
    failure.
    """
    metrics.unseen(reason)
    if enqueue_questions.unseen(job_id, again=reason in {EXPIRED, BROKEN}, why=why):
        return
    if uploads.unseen(job_id) or wake_up.unseen(job_id) or enqueue_tasks.unseen(job_id):
        return
    run = SyncRun.objects.using(ROLE).filter(job_id=job_id).first()
    if run is None:
        if not _superseded(job_id):
            function, tries = _parsed_job(raw)
            record.of_job(job_id, function, raw, tries, _ended_by_arq(why))
    elif run.status not in ACTIVE:
        return
    elif reason in {EXPIRED, BROKEN} and not _used_up(run.tries):
        runs.tell(_requeued([(run.pk, job_id)]))
    else:
        run_state.failed(run.pk, None, _ended_by_arq(why, run.function))


def _superseded(job_id: str) -> bool:
    """Return whether the job belonged to a run that has another job now."""
    try:
        run_id = UUID(job_id.partition(":")[0])
    except ValueError:
        return False
    return SyncRun.objects.using(ROLE).filter(pk=run_id).exists()


def _parsed_job(raw: bytes | None) -> tuple[str, int]:
    """The function and the number of the attempt in a job's bytes. ("unknown", 1) if they cannot be
    parsed."""
    try:
        job = queue.load(raw or b"")
        return str(job.get("f") or "unknown"), int(job.get("t") or 1)
    except (ValueError, TypeError):
        return "unknown", 1


def _ended_by_arq(why: str, function: str = "") -> Trouble:
    return Trouble("EndedByArq", why, location=f"syncjobs/tasks.py:{function}" if function else "")


def _requeued(old: Iterable[tuple[UUID, str]]) -> list[queue.Queued]:
    """Give each run a new job, if it still has the old one. Takes (run's id, old job's id) pairs,
    and returns the new jobs."""
    pairs = list(old)
    if not pairs:
        return []
    ids = {"runs": [run_id for run_id, _ in pairs], "jobs": [job_id for _, job_id in pairs]}
    return [
        queue.Queued(job_id, function, str(run_id), not_before, job_try)
        for job_id, function, run_id, not_before, job_try in _rows("runs/requeued", ids)
    ]


def _forget(job_ids: Iterable[str]) -> None:
    try:
        queue.forget(job_ids)
    except (RedisError, OSError) as error:
        log.info("Old jobs stay in Redis for now (%s)", type(error).__name__)


def _rows(name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), parameters)
        return list(cursor.fetchall())


def reason_of(result: bytes | None) -> tuple[str, str]:
    """Why arq ended a job: (reason, sentence for people), from the result that arq would have
    stored."""
    try:
        details = json.loads(result or b"{}").get("r") or {}
        text = f"{details.get('error', '')}: {details.get('message', '')}"
    except (ValueError, AttributeError):
        text = ""
    for phrase, reason, sentence in _ENDS:
        if phrase in text:
            return reason, sentence
    return BROKEN, f"arq could not run this job ({text or 'without a reason'})."


_ENDS = (
    ("job expired", EXPIRED, "Redis had lost the job's data when it was to start."),
    ("max ", USED_UP, "All attempts were used up by workers that stopped or died."),
    ("not found", UNKNOWN, "No worker knows this function. Deploy one that does, then replay it."),
    ("CancelledError", ABORTED, "The job was aborted in Redis before it started."),
    ("erializ", BROKEN, "The job's data in Redis cannot be parsed."),
)
