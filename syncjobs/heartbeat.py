"""A worker's periodic work beside its jobs: renewing their leases, running periodic tasks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from django.conf import settings

from syncjobs import periodic
from syncjobs.database_threads import UNREACHABLE, Threads
from syncjobs.runner import Runner

log = logging.getLogger(__name__)

TICK = 1.0  # seconds between two checks for due tasks
AT_ONCE = 3


class Heartbeat:
    """Renews leases and runs periodic tasks; both continue while Redis is not available.

    While PostgreSQL is not available, both are retried.
    """

    def __init__(self, runner: Runner, *, periodic_tasks: bool = True) -> None:
        self._runner = runner
        self._has_tasks = periodic_tasks
        self._threads = Threads("periodic", AT_ONCE + 1)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Run until cancelled; then wait for the running tasks."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_every(settings.SYNC_LEASE / 6, self._renew))
                if self._has_tasks:
                    group.create_task(_every(TICK, self._begin))
        finally:
            if self._running:
                await asyncio.wait(self._running.values())
            await self._threads.close()

    async def _renew(self) -> None:
        await self._runner.renew()
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
        except UNREACHABLE as error:  # its lease expires, then it is due again
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
