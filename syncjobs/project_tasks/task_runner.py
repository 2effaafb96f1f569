"""Runs a project's tasks in a worker: each in a thread of its own, under a lease."""

import asyncio
import logging
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Any

from django.conf import settings

from syncjobs import metrics
from syncjobs.database_threads import UNREACHABLE, Threads, ended
from syncjobs.failures.record import Trouble
from syncjobs.models import ProjectTask
from syncjobs.models.choices import Outcome, TaskStatus
from syncjobs.project_tasks import enqueue_tasks, run_task, task_state
from syncjobs.project_tasks.task_state import End

log = logging.getLogger(__name__)
MARGIN = 20.0  # seconds before arq's timeout at which our deadline lies; at most a fifth of it
DATABASE_TIMEOUT = 300.0
TOO_LONG = "It did not end within {:g} seconds. It may still run, so it is not tried again."
ABORTED = "The job was aborted in Redis while it ran. It may still run."


class TaskRunner:
    """Runs one task for each job. A thread cannot be stopped: a task that is left at its deadline
    may go on, but its end is not recorded any more."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._threads = Threads("project-tasks", 2)
        self._deadline = settings.ARQ_JOB_TIMEOUT - min(MARGIN, settings.ARQ_JOB_TIMEOUT * 0.2)

    async def run(self, ctx: dict[str, Any]) -> None:
        """Run the most important due task, if there is one."""
        claim = await self._claimed()
        if claim is not None:
            with metrics.running(enqueue_tasks.FUNCTION):
                await self._attempt(ctx, claim)

    async def close(self) -> None:
        await self._threads.close()

    async def _claimed(self) -> ProjectTask | None:
        """Claim a task. If the job is cancelled meanwhile, hand the task back."""
        claiming = asyncio.ensure_future(self._retried(task_state.claimed, self._worker))
        try:
            claim: ProjectTask | None = await ended(claiming)
        except asyncio.CancelledError:
            if not claiming.cancelled() and not claiming.exception() and claiming.result():
                await ended(self._handed_back(claiming.result()))
            raise
        return claim

    async def _attempt(self, ctx: dict[str, Any], claim: ProjectTask) -> None:
        work = _started(claim)
        renewing = asyncio.create_task(self._renew(claim))
        try:
            await asyncio.wait({work}, timeout=self._deadline)
            end = work.result() if work.done() else _left(TOO_LONG.format(self._deadline))
        except asyncio.CancelledError:
            if work.done():
                await ended(self._settled(claim, work.result()))
            elif ctx["runner"].stopping:
                await ended(self._handed_back(claim))
            else:
                await ended(self._settled(claim, _left(ABORTED)))
            raise
        finally:
            renewing.cancel()
        await ended(self._settled(claim, end))

    async def _renew(self, claim: ProjectTask) -> None:
        while True:
            await asyncio.sleep(float(settings.SYNC_LEASE) / 6)
            with suppress(*UNREACHABLE):
                if not await self._threads.run(task_state.renewed, claim):
                    log.warning("task %s was taken over: attempt %d ends", claim.pk, claim.fence)
                    return

    async def _settled(self, claim: ProjectTask, end: End) -> None:
        row = await self._retried(task_state.recorded, claim, end)
        if row is None:
            metrics.ended(enqueue_tasks.FUNCTION, Outcome.LOST, claim.tries)
            return
        outcome = _OUTCOMES[TaskStatus(row.status)]
        metrics.ended(enqueue_tasks.FUNCTION, outcome, claim.tries)
        if end.trouble is not None:
            log.warning("task %s (%s) %s: %s", row.pk, row.path, outcome, end.trouble.error)
        if row.status == TaskStatus.READY:
            await self._threads.run(enqueue_tasks.enqueue, row.pk, row.fence, row.due_at)
        else:
            await self._threads.run(run_task.announce, row)

    async def _handed_back(self, claim: ProjectTask) -> None:
        if await self._retried(task_state.handed_back, claim):
            metrics.ended(enqueue_tasks.FUNCTION, Outcome.GIVEN_BACK, claim.tries)
            await self._threads.run(enqueue_tasks.enqueue, claim.pk, claim.fence, None)

    async def _retried(self, work: Any, *args: Any) -> Any:
        return await self._threads.retried(DATABASE_TIMEOUT, work, *args)


_OUTCOMES = {
    TaskStatus.READY: Outcome.RETRIED,
    TaskStatus.SUCCESSFUL: Outcome.SUCCEEDED,
    TaskStatus.FAILED: Outcome.FAILED,
}


def _started(claim: ProjectTask) -> asyncio.Future[End]:
    """Start the task in a daemon thread, which does not keep a stopped worker alive."""
    future: Future[End] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        future.set_result(run_task.execute(claim))

    Thread(target=work, name=f"task {claim.path}", daemon=True).start()
    return asyncio.wrap_future(future)


def _left(why: str) -> End:
    trouble = Trouble("TimeoutError", why)
    return End(trouble=trouble, error_path="builtins.TimeoutError", is_permanent=True)
