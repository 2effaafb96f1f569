"""finley's subclass of arq's Worker. It handles outages of Redis, and jobs that arq ends by
itself."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from arq.connections import ArqRedis, create_pool
from arq.constants import job_key_prefix
from arq.worker import Worker as ArqWorker
from arq.worker import func
from django.conf import settings
from redis.exceptions import RedisError

from syncjobs import metrics, queue, recover, tasks
from syncjobs.alerts.deliverer import Deliverer
from syncjobs.database_threads import Threads
from syncjobs.heartbeat import Heartbeat
from syncjobs.project_tasks.task_runner import TaskRunner
from syncjobs.questions.question_supervisor import Answerer
from syncjobs.runner import DATABASE_TIMEOUT, Runner

log = logging.getLogger(__name__)

AWAY = (RedisError, OSError)
LONGEST_PAUSE = 2.0  # seconds between two attempts
STOP_WAIT = 5  # seconds for running jobs to end by themselves when the worker stops
LAST_TASKS = 10  # seconds that running periodic tasks get
LONGEST_STOP = 30  # seconds from SIGTERM to the end, at most
ABORTS_EVERY = 0.5  # seconds between two looks for aborted jobs
READ_AT_ONCE = 1_000  # ids; locked ones at the head of the queue must not block those behind


class Worker(ArqWorker):
    """Runs finley's tasks until told to stop. The runner and the heartbeat live as long as the
    worker."""

    def __init__(self, functions: Sequence[Any], *, housekeeping: bool = True, **options: Any):
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.runner = Runner(self.name)
        self._answerer = Answerer(self.name)
        self._deliverer = Deliverer(self.name)
        self._task_runner = TaskRunner(self.name)
        self._unseen = Threads("unseen", 1)
        self._heartbeat = Heartbeat(self.runner, periodic_tasks=housekeeping)
        self._heartbeat_task: asyncio.Task[None] | None = None
        self._pause = 0.0
        self._aborts_at = 0.0
        context = {
            "runner": self.runner,
            "answerer": self._answerer,
            "deliverer": self._deliverer,
            "task_runner": self._task_runner,
        }
        super().__init__(functions, ctx=context, **options)

    async def main(self) -> None:
        """Run until told to stop. While Redis is not available, wait for it."""
        if self._handle_signals:
            signal.signal(signal.SIGTERM, _end_in_any_case)
        self._heartbeat_task = asyncio.create_task(self._heartbeat.run())
        while self._pool is None:
            try:
                self._pool = await self._connected()
            except AWAY as error:
                await self._waited(error)
        while True:
            try:
                await super().main()
                return
            except AWAY as error:  # in on_startup, or when a burst counts the queue
                await self._waited(error)

    async def _connected(self) -> ArqRedis:
        return await create_pool(
            self.redis_settings,
            job_deserializer=self.job_deserializer,
            job_serializer=self.job_serializer,
            default_queue_name=self.queue_name,
            expires_extra_ms=self.expires_extra_ms,
        )

    async def _poll_iteration(self) -> None:
        try:
            await super()._poll_iteration()
        except AWAY as error:
            await self._waited(error)
        else:
            self._pause = 0.0

    async def _waited(self, error: Exception) -> None:
        """Wait before the next poll; log only once per outage."""
        metrics.outage()
        if not self._pause:
            log.warning("Redis is not available (%s). Waiting for it.", type(error).__name__)
        self._pause = min(max(self._pause * 2, 0.1), LONGEST_PAUSE)
        await asyncio.sleep(self._pause)

    async def run_job(self, job_id: str, score: int) -> None:
        """Run a job. An outage of Redis during the job does not end the worker, because PostgreSQL
        has the job's outcome."""
        try:
            await super().run_job(job_id, score)
        except AWAY as error:
            log.warning("Job %s: Redis is not available (%s)", job_id, type(error).__name__)

    async def finish_job(self, *args: Any, **options: Any) -> None:
        """Write the job's end to Redis, with retries: a job left in progress would block others."""
        await self._until_available(super().finish_job, *args, **options)

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        """Handle a job that arq ends without calling our code, then end it in Redis."""
        reason, why = recover.reason_of(result_data)
        raw = await self.pool.get(job_key_prefix + job_id)
        await self._unseen.retried(DATABASE_TIMEOUT, recover.unseen, job_id, reason, why, raw)
        await self._until_available(super().finish_failed_job, job_id, result_data)

    async def _until_available(self, call: Any, *args: Any, **options: Any) -> None:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + DATABASE_TIMEOUT, 0.1
        while True:
            try:
                await call(*args, **options)
                return
            except AWAY:
                if self.runner.stopping or loop.time() + pause > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _cancel_aborted_jobs(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._aborts_at:
            self._aborts_at = now + ABORTS_EVERY
            await super()._cancel_aborted_jobs()

    def handle_sig_wait_for_completion(self, signum: signal.Signals) -> None:
        """Stop after running jobs; at a second signal, stop without waiting for them."""
        if self.runner.stopping:
            self.handle_sig(signum)
            return
        self.runner.stopping = True
        super().handle_sig_wait_for_completion(signum)

    async def close(self) -> None:
        """Close the worker. Jobs that did not end have been requeued."""
        self.runner.stopping = True
        if self._heartbeat_task is not None:
            self._heartbeat_task.cancel()
            await asyncio.wait({self._heartbeat_task}, timeout=LAST_TASKS)
        try:
            with suppress(asyncio.CancelledError):  # from a job that had not claimed its run
                await super().close()
        except AWAY as error:
            log.warning("Stopped without access to Redis (%s)", type(error).__name__)
        await self.runner.close()
        await self._answerer.close()
        await self._deliverer.close()
        await self._task_runner.close()
        await self._unseen.close()


def _end_in_any_case(signum: int, frame: object) -> None:
    """On a signal to stop, start a timer: the kernel ends the process after LONGEST_STOP seconds,
    even if it computes without a pause.

    The event loop still gets the signal through its own pipe.
    """
    signal.setitimer(signal.ITIMER_REAL, LONGEST_STOP)


def make(
    *, burst: bool = False, functions: Sequence[Any] = (), housekeeping: bool = True, **options: Any
) -> Worker:
    """Make a worker on finley's queue. With `burst` it ends when the queue is empty.

    `functions` are further tasks. `housekeeping` says whether the worker runs periodic tasks, too.
    `options` are those of arq's Worker.
    """
    further = [func(task, keep_result=0) for task in functions]
    tasks_of_worker = [*tasks.tasks(), *further]
    settings_of_arq: dict[str, Any] = {
        "redis_settings": queue.redis_settings(),
        "queue_name": queue.NAME,
        "job_serializer": queue.dump,
        "job_deserializer": queue.load,
        "burst": burst,
        "max_jobs": settings.ARQ_MAX_JOBS,
        "max_tries": settings.ARQ_MAX_TRIES,
        "job_timeout": settings.ARQ_JOB_TIMEOUT,
        "poll_delay": settings.ARQ_POLL_DELAY,
        "job_completion_wait": STOP_WAIT,
        "queue_read_limit": READ_AT_ONCE,
        "allow_abort_jobs": True,
        "keep_result": 0,
        "log_results": False,
        "health_check_interval": 30,
        "health_check_key": f"{queue.NAME}:health:{socket.gethostname()}:{os.getpid()}",
        **options,
    }
    return Worker(tasks_of_worker, housekeeping=housekeeping, **settings_of_arq)


__all__ = ["Worker", "make"]
