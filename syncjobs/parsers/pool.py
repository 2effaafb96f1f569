"""A worker's pool of parser processes, each with one task at a time.

A process starts when it is needed and is reused. If one dies, only its task fails.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from syncjobs.errors import ParserFailed, Unreadable
from syncjobs.parsers import frames
from syncjobs.parsers.fair_turns import Turns

WAIT = 4.0  # on a busy machine a task may take this many times its processor time,
SPARE = 60.0  # and this many seconds more


class Parsers:
    """A pool of at most PARSERS["at_once"] parser processes. Tenants take turns
    (parsers.fair_turns)."""

    def __init__(self) -> None:
        self._turns = Turns(int(settings.PARSERS["at_once"]))
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    def of(self, tenant: Hashable) -> "TenantParsers":
        """A view of this pool that runs tasks in the turns of one tenant."""
        return TenantParsers(self, tenant)

    async def run(self, tenant: Hashable, task: str, seconds: float, **arguments: Any) -> Any:
        """Run a task of parsers.parser_tasks in a process, in the tenant's turn. Return its result.

        `seconds` limits the processor time. Raises Unreadable if the input cannot be read, and
        ParserFailed if the process was ended or the task raised an unexpected exception.
        """
        async with self._turns.turn(tenant):
            process = await self._process()
            request = {"task": task, "arguments": arguments, "seconds": seconds}
            try:
                async with asyncio.timeout(WAIT * seconds + SPARE):
                    answer = await _exchange(process, frames.frame(request))
            except TimeoutError:
                raise ParserFailed(_too_long(seconds)) from None
            except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError):
                code = await process.wait()
                raise ParserFailed(_why(code, seconds)) from None
            else:
                if answer["last"]:
                    await self._end(process)
                else:
                    self._idle.append(process)
            finally:
                if process not in self._idle:
                    await self._end(process)
        if "error" in answer:
            raise Unreadable(answer["error"])
        if "failure" in answer:
            raise ParserFailed(answer["failure"])
        return answer["value"]

    async def close(self) -> None:
        for process in list(self._all):
            await self._end(process)

    async def _process(self) -> Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
            self._all.discard(process)
        process = await _started()
        self._all.add(process)
        return process

    async def _end(self, process: Process) -> None:
        self._all.discard(process)
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())


@dataclass(frozen=True, slots=True)
class TenantParsers:
    """Runs one tenant's tasks in the parsers."""

    parsers: Parsers
    tenant: Hashable

    async def run(self, task: str, seconds: float, **arguments: Any) -> Any:
        """Run a task in a process and return its result; see Parsers.run."""
        return await self.parsers.run(self.tenant, task, seconds, **arguments)


async def _started() -> Process:
    """Start a parser without the worker's environment, which contains passwords."""
    names = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TZ", "TMPDIR")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    limits = (settings.PARSERS["memory_mb"], settings.PARSERS["file_mb"])
    arguments = (
        "-m",
        "syncjobs.parsers.parser_process",
        os.getpid(),
        *limits,
        settings.HOME_CURRENCY,
    )
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, arguments),
        stdin=PIPE,
        stdout=PIPE,
        env=environment,
        cwd=settings.BASE_DIR,
    )


async def _exchange(process: Process, request: bytes) -> dict[str, Any]:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(request)
    await process.stdin.drain()
    (length,) = frames.HEAD.unpack(await process.stdout.readexactly(frames.HEAD.size))
    answer: dict[str, Any] = json.loads(await process.stdout.readexactly(length))
    return answer


def _why(code: int, seconds: float) -> str:
    if code == -signal.SIGXCPU:
        return _too_long(seconds)
    if code < 0:
        return f"The process that read it was ended ({signal.Signals(-code).name})."
    return f"The process that read it ended (exit code {code})."


def _too_long(seconds: float) -> str:
    return f"Reading it took longer than the {seconds:g} s of processor time that an item has."
