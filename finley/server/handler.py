"""Django's ASGI handler, but a request is made, answered and finished in one thread, and its
connections are back in the pool before the answer goes out.

None of finley's middlewares and views is asynchronous. Django would go back and forth between the
event loop and a thread for each of them, make that thread anew for each request, and send each of
its signals from the loop, which took most of a busy server's time; and it would give connections
back when all is sent, so that a client that reads slowly would keep them.

Threads are few, because they share one interpreter: 24 answered a fifth less than six did, whenever
more came than could be answered. So that nobody can hold them all, a token has half of them at
most, and what watches the process has its own.
"""

import asyncio
import math
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack
from contextvars import copy_context
from io import BytesIO
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import close_old_connections
from django.http import FileResponse, HttpResponseBase
from django.urls import set_script_prefix

from finley.server.body_limit import PROBES, Receive, Scope, Send, askers


class ThreadedHandler(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(settings.REQUEST_THREADS, "request")
        self._of_probes = ThreadPoolExecutor(2, "probe")
        self._turns: WeakValueDictionary[bytes, asyncio.Semaphore] = WeakValueDictionary()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"HTTP is all that is served, not {scope['type']}.")
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        leaving = asyncio.ensure_future(receive())  # until the answer is sent, it is all that comes
        try:
            if (answer := await self._in_turn(scope, body, leaving)) is not None:
                await self._sent(answer, leaving, send)
        finally:
            leaving.cancel()

    async def _in_turn(
        self, scope: Scope, body: BytesIO, leaving: "asyncio.Future[Any]"
    ) -> HttpResponseBase | None:
        """None: its client left before its turn came. What has begun is done to its end."""
        async with AsyncExitStack() as turns:
            for who, share in askers(scope).items():
                await turns.enter_async_context(self._turn(who, share))
            if leaving.done():
                return None
            threads = self._of_probes if scope["path"] in PROBES else self._threads
            job = threads.submit(copy_context().run, self._answered, scope, body)
            leaving.add_done_callback(lambda _: job.cancel())
            return await _unless_cancelled(job)

    def _turn(self, who: bytes, share: float) -> asyncio.Semaphore:
        """One for all requests of the same asker, as long as there are any."""
        most = asyncio.Semaphore(math.ceil(settings.REQUEST_THREADS * share))
        return self._turns.setdefault(who, most)

    async def read_body(self, receive: Receive) -> BytesIO:
        """In memory: finley.server.body_limit lets no large one pass."""
        pieces, more = [], True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        return BytesIO(b"".join(pieces))

    def _answered(self, scope: Scope, body: BytesIO) -> HttpResponseBase:
        """What is streamed is read in other threads, with connections of theirs."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        answer: HttpResponseBase | None = refused
        if request is not None:
            answer = self.get_response(request)
        assert answer is not None  # noqa: S101 - Django makes one of both
        answer._handler_class = self.__class__  # type: ignore[attr-defined]
        if not answer.streaming:
            answer.close()
        else:
            if isinstance(answer, FileResponse):
                answer.block_size = self.chunk_size
            close_old_connections()
        return answer

    async def _sent(
        self, answer: HttpResponseBase, leaving: "asyncio.Future[Any]", send: Send
    ) -> None:
        """A stream ends when its client leaves."""
        if not answer.streaming:
            await self.send_response(answer, send)
            return
        sending = asyncio.ensure_future(self.send_response(answer, send))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not leaving.done():
                await sending
        finally:
            sending.cancel()
            await asyncio.wait({sending})
            await asyncio.to_thread(answer.close)


async def _unless_cancelled(job: "Future[HttpResponseBase]") -> HttpResponseBase | None:
    """None: its client left before its turn came."""
    try:
        return await asyncio.wrap_future(job)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return None
