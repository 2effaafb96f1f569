"""Enqueues the jobs that run a project's tasks, and lost ones again.

A job in Redis only wakes a worker up. The worker then runs the most important task that is due,
which may be another one. So there is one job for each attempt, and tasks run by priority.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from redis.exceptions import RedisError

from syncjobs import queue
from syncjobs.models.choices import TaskStatus
from syncjobs.project_tasks import run_task, task_state

log = logging.getLogger(__name__)
FUNCTION = "run_task"
PREFIX = "project_task:"
AGAIN = ":again"  # ends the id of a job that replaces a lost one
ENQUEUED_AFTER = 10.0  # seconds; a younger job may not have reached Redis yet
AT_ONCE = 500
LATER = timedelta(milliseconds=10)  # Redis counts milliseconds: no job may start before its task


def enqueue(task_id: UUID, fence: int, not_before: datetime | None) -> None:
    """Enqueue the job of the task's next attempt. If Redis is not available, the recoverer does it
    later."""
    start = not_before + LATER if not_before else None
    _enqueued([queue.Queued(_job_id(task_id, fence), FUNCTION, str(task_id), start)])


def recovered() -> int:
    """Give tasks whose worker died another attempt, or fail them; and enqueue jobs that Redis lost
    again. Return the number of both."""
    again = task_state.stranded(AT_ONCE)
    for row in again:
        if row.status == TaskStatus.READY:
            enqueue(row.pk, row.fence, row.due_at)
        else:
            run_task.announce(row)
    return len(again) + _lost_by_redis()


def unseen(job_id: str) -> bool:
    """Return whether the job is one that runs a project's tasks, after arq ended it without calling
    our code. Nothing else has to be done: the recoverer enqueues a job while a task waits."""
    return job_id.startswith(PREFIX)


def _lost_by_redis() -> int:
    waiting = {
        _job_id(task_id, fence): (task_id, due_at)
        for task_id, fence, due_at in task_state.waiting(ENQUEUED_AFTER, AT_ONCE)
    }
    try:
        own = list(queue.missing(waiting))
        lost = list(queue.missing([job_id + AGAIN for job_id in own]))
    except (RedisError, OSError):
        return 0
    jobs = []
    for job_id in lost:
        task_id, due_at = waiting[job_id.removesuffix(AGAIN)]
        jobs.append(queue.Queued(job_id, FUNCTION, str(task_id), due_at))
    _enqueued(jobs)
    return len(jobs)


def _job_id(task_id: UUID, fence: int) -> str:
    return f"{PREFIX}{task_id}:{fence}"


def _enqueued(jobs: Iterable[queue.Queued]) -> None:
    try:
        queue.enqueue(jobs)
    except (RedisError, OSError) as error:
        log.warning(
            "A task cannot be enqueued in Redis now (%s); the recoverer retries",
            type(error).__name__,
        )
