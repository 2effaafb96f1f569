"""A worker's periodic work beside its jobs: renewing their leases, running periodic tasks."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from django.conf import settings
from django.db import connections

from syncjobs import periodic, worker_signs
from syncjobs.database_threads import UNREACHABLE, Threads
from syncjobs.runner import Runner

log = logging.getLogger(__name__)

TICK = 1.0  # seconds between two checks for due tasks
AT_ONCE = 4
STALLED = 2  # leases without a sign of life, after which the event loop counts as hung


class Leases:
    """Renews the leases of a worker's runs from a thread, even while the event loop is busy.

    If the event loop gives no sign of life for STALLED leases, it counts as hung. The leases are
    then not renewed, and expire.
    """

    def __init__(self, runner: Runner, loop: asyncio.AbstractEventLoop) -> None:
        self._runner, self._loop = runner, loop
        self._lease = float(settings.SYNC_LEASE)
        self._alive_at = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def show_life(self) -> None:
        self._alive_at = time.monotonic()

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._stopping.wait(self._lease / 6):
            if time.monotonic() - self._alive_at > STALLED * self._lease:
                log.error("the event loop is blocked: leases are no longer renewed")
                continue
            try:
                standings = self._runner.renew()
                self._loop.call_soon_threadsafe(self._runner.obey, standings)
            except UNREACHABLE as error:
                log.warning(
                    "the database cannot be reached (%s): trying again", type(error).__name__
                )
                connections.close_all()
            except Exception:
                log.exception("leases cannot be renewed")
                connections.close_all()
        connections.close_all()


class Heartbeat:
    """Renews leases and runs periodic tasks. Both continue while Redis is not available.

    While PostgreSQL is not available, both are retried.
    """

    def __init__(self, runner: Runner, *, periodic_tasks: bool = True) -> None:
        self._runner = runner
        self._has_tasks = periodic_tasks
        self._threads = Threads("periodic", AT_ONCE + 1)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Run until cancelled; then wait for the running tasks."""
        leases = Leases(self._runner, asyncio.get_running_loop())
        leases.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_every(TICK, leases.show_life))
                group.create_task(_every(periodic.LEASE / 4, self._renew))
                group.create_task(_every(worker_signs.EVERY, self._tell))
                if self._has_tasks:
                    group.create_task(_every(TICK, self._begin))
        finally:
            await leases.stop()
            if self._running:
                await asyncio.wait(self._running.values())
            with suppress(*UNREACHABLE):
                await self._threads.run(worker_signs.forget, self._runner.worker)
            await self._threads.close()

    async def _tell(self) -> None:
        await self._threads.run(worker_signs.tell, self._runner.worker, self._functions())

    def _functions(self) -> list[str]:
        return [attempt.claim.function for attempt in self._runner.attempts.values()]

    async def _renew(self) -> None:
        if self._running:
            await self._threads.run(periodic.renewed, list(self._running), self._runner.worker)

    async def _begin(self) -> None:
        if len(self._running) >= AT_ONCE:
            return
        for name in await self._threads.run(periodic.begun, self._runner.worker):
            self._running[name] = asyncio.create_task(self._do(name))

    async def _do(self, name: str) -> None:
        try:
            await self._threads.run(periodic.do, name)
        except UNREACHABLE as error:  # its lease expires, and another worker runs it
            log.warning("periodic task %s: no database (%s)", name, type(error).__name__)
        finally:
            del self._running[name]


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except UNREACHABLE as error:
            log.warning("The database is not reachable (%s). Retrying.", type(error).__name__)
        except Exception:
            log.exception("the heartbeat failed")
        await asyncio.sleep(seconds)
