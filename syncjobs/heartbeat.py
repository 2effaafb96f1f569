"""What a worker does beside its jobs: it renews their leases, and does duties that are due."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from django.conf import settings

from syncjobs import periodic
from syncjobs.database_threads import UNREACHABLE, Threads
from syncjobs.runner import Runner

log = logging.getLogger(__name__)

TICK = 1.0  # seconds between two looks for due duties
AT_ONCE = 3


class Housekeeping:
    """Both go on while Redis is away, and try again while PostgreSQL is."""

    def __init__(self, runner: Runner, *, duties: bool = True) -> None:
        self._runner = runner
        self._duties = duties
        self._threads = Threads("duty", AT_ONCE + 1)
        self._doing: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled; then what is under way comes to its end."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_every(settings.SYNC_LEASE / 6, self._renew))
                if self._duties:
                    group.create_task(_every(TICK, self._begin))
        finally:
            if self._doing:
                await asyncio.wait(self._doing.values())
            await self._threads.close()

    async def _renew(self) -> None:
        await self._runner.renew()
        if self._doing:
            await self._threads.run(periodic.renewed, list(self._doing), self._runner.worker)

    async def _begin(self) -> None:
        if len(self._doing) >= AT_ONCE:
            return
        for name in await self._threads.run(periodic.begun, self._runner.worker):
            self._doing[name] = asyncio.create_task(self._do(name))

    async def _do(self, name: str) -> None:
        try:
            await self._threads.run(periodic.do, name)
        except UNREACHABLE as error:  # its lease ends, and it is due again
            log.warning("duty %s: no database (%s)", name, type(error).__name__)
        finally:
            del self._doing[name]


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except UNREACHABLE as error:
            log.warning("the ledger cannot be reached (%s): trying again", type(error).__name__)
        except Exception:
            log.exception("housekeeping failed")
        await asyncio.sleep(seconds)
