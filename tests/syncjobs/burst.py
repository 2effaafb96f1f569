"""A worker in the test's process that ends once its queue is empty.

All such workers of a session run in one event loop and share their parser processes: a parser
takes 0.35 s of processor time to start. A test of how parsers start and end makes its own.
"""

import asyncio
import atexit
from functools import cache
from typing import Any

from django.conf import settings

from syncjobs import worker
from syncjobs.parsers.pool import Parsers


class KeptParsers(Parsers):
    """Parsers that outlive the worker."""

    async def close(self) -> None:
        """Keep the processes for the next worker. They end with the test process."""


@cache
def _loop() -> asyncio.Runner:
    runner = asyncio.Runner()
    atexit.register(_end, runner)
    return runner


def _end(runner: asyncio.Runner) -> None:
    for parsers in _kept.values():
        runner.run(Parsers.close(parsers))
    runner.close()


_kept: dict[Any, KeptParsers] = {}


def parsers() -> Parsers:
    """The parser processes that all workers of the session share, made with the current
    settings."""
    options = (settings.HOME_CURRENCY, *sorted(settings.PARSERS.items()))
    return _kept.setdefault(options, KeptParsers())


def work(seconds: float = 120) -> None:
    """Run a worker until the queue is empty: all its jobs, and those that they enqueue. Raises
    TimeoutError after the seconds."""
    _loop().run(asyncio.wait_for(_work(), seconds))


async def _work() -> None:
    process = worker.make(burst=True, housekeeping=False, poll_delay=0.02, handle_signals=False)
    process.runner._parsers = parsers()
    try:
        await process.main()
    finally:
        await process.close()
