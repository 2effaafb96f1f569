"""Runs the tools of an HTTP request in the thread of that request.

So a tool runs as a view does: in one of REQUEST_THREADS, with the request's database connection,
time limit and id. The MCP exchange itself runs in an event loop.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID

from graph.errors import TookTooLong


class RequestThread:
    """The caller (finley.mcp.caller) of one HTTP request. The request's thread waits in
    `work_until`, and does the work that `run` passes to it from the event loop."""

    def __init__(self, user_id: UUID) -> None:
        self._user_id = user_id
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[UUID], Any]] | None] = SimpleQueue()

    async def run[Result](self, work: Callable[[UUID], Result]) -> Result:
        job: Future[Result] = Future()
        self._jobs.put((job, work))
        return await asyncio.wrap_future(job)

    def work_until[Result](self, done: "Future[Result]", seconds: float) -> Result:
        """Do the work that `run` passes to this thread, until the future `done` is complete. Return
        the result of `done`.

        If no work arrives for `seconds`, `done` is cancelled. Raises TookTooLong then.
        """
        done.add_done_callback(lambda _: self._jobs.put(None))
        try:
            while (item := self._jobs.get(timeout=seconds)) is not None:
                self._do(*item)
        except Empty:
            done.cancel()
            raise TookTooLong from None
        return done.result()

    def _do(self, job: "Future[Any]", work: Callable[[UUID], Any]) -> None:
        if not job.set_running_or_notify_cancel():
            return
        try:
            job.set_result(work(self._user_id))
        except Exception as error:  # noqa: BLE001 - `run` raises it
            job.set_exception(error)
