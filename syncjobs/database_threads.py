"""Runs database work from async code in threads of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

UNREACHABLE = (OperationalError, InterfaceError)
LONGEST_PAUSE = 2.0  # seconds between two attempts
BATCH_WAIT = 0.002  # seconds in which further requests may join a batch


class Threads:
    """`count` threads, each with its own database connections, which stay open between calls."""

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._connections: dict[int, BaseDatabaseWrapper] = {}

    async def run[R](self, work: Callable[..., R], *args: Any) -> R:
        """Call `work(*args)` in one of the threads and return its result, or raise its exception.
        If the caller is cancelled, this still waits until the work has ended."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._pool, partial(self._with_connections, work, *args))
        return await ended(future)

    async def retried[R](self, seconds: float, work: Callable[..., R], *args: Any) -> R:
        """Call `work(*args)` in one of the threads as `run` does. While the database is not
        reachable, try again for at most `seconds`."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + seconds, 0.1
        while True:
            try:
                return await self.run(work, *args)
            except UNREACHABLE:
                if loop.time() + pause > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def close(self) -> None:
        """End the threads and close their connections."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._pool.shutdown()
        for connection in self._connections.values():
            connection.close()

    def _with_connections[R](self, work: Callable[..., R], *args: Any) -> R:
        """Run the work, then close connections that broke or that the server closed."""
        try:
            return work(*args)
        except UNREACHABLE:
            for connection in connections.all(initialized_only=True):
                connection.close()
            raise
        finally:
            for connection in connections.all(initialized_only=True):
                self._keep(connection)

    def _keep(self, connection: BaseDatabaseWrapper) -> None:
        if id(connection) not in self._connections:
            connection.inc_thread_sharing()  # another thread closes it at the end
            self._connections[id(connection)] = connection
        if connection.errors_occurred and not connection.is_usable():
            connection.close()


async def ended[R](future: Awaitable[R]) -> R:
    """Await the future to its end, even if the caller is cancelled; then re-raise the
    cancellation."""
    task = asyncio.ensure_future(future)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


class Batches[A, R]:
    """Collects requests that arrive while a batch runs, and passes them to `work` together as the
    next batch, at most `most` at a time."""

    def __init__(self, work: Callable[[list[A]], Awaitable[list[R]]], most: int = 500) -> None:
        self._work, self._most = work, most
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._sender: asyncio.Task[None] | None = None
        self._is_busy = False

    async def ask(self, one: A) -> R:
        """Add the request `one` to the next batch, and wait for its result. Raises the exception of
        the batch."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        return await future

    async def _send(self) -> None:
        try:
            await asyncio.sleep(0)  # other tasks of this turn of the event loop can join
            while self._waiting:
                if self._is_busy:  # wait for more requests if the last batch had several
                    await asyncio.sleep(BATCH_WAIT)
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                self._is_busy = len(batch) > 1
                await self._answer(batch)
        finally:
            self._sender = None

    async def _answer(self, batch: list[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._work([one for one, _ in batch])
        except Exception as error:  # noqa: BLE001 - every caller gets it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
