"""Django's ASGI handler, changed to run each request in one thread from start to end.

finley's middleware and views are all synchronous. Django would switch between the event loop and a
thread for each of them, start a new thread per request, and send each signal from the loop, which
took most of a busy server's time. It would also return database connections only when the whole
response is sent, so slow readers would keep them; here they return to the pool before.

There are few threads, because they share one interpreter: under overload, 24 threads answered 20 %
fewer requests than 6. A token may use at most half of the threads, and probes have threads of their
own.
"""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
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

from finley.server.body_limit import PROBES, Receive, Scope, Send, client_key


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
            raise ValueError(f"Only HTTP is served, not {scope['type']}.")
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        leaving = asyncio.ensure_future(receive())  # the next message can only be a disconnect
        try:
            if (answer := await self._in_turn(scope, body, leaving)) is not None:
                await self._sent(answer, leaving, send)
        finally:
            leaving.cancel()

    async def _in_turn(
        self, scope: Scope, body: BytesIO, leaving: "asyncio.Future[Any]"
    ) -> HttpResponseBase | None:
        """The response, or None if the client left before the request began.

        A begun request ends.
        """
        async with self._turn(scope):
            if leaving.done():
                return None
            threads = self._of_probes if scope["path"] in PROBES else self._threads
            job = threads.submit(copy_context().run, self._answered, scope, body)
            leaving.add_done_callback(lambda _: job.cancel())
            return await _unless_cancelled(job)

    def _turn(self, scope: Scope) -> asyncio.Semaphore:
        """The semaphore that all current requests of one client share."""
        half = asyncio.Semaphore((settings.REQUEST_THREADS + 1) // 2)
        return self._turns.setdefault(client_key(scope), half)

    async def read_body(self, receive: Receive) -> BytesIO:
        """The whole body in memory; finley.server.body_limit refuses large ones."""
        pieces, more = [], True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        return BytesIO(b"".join(pieces))

    def _answered(self, scope: Scope, body: BytesIO) -> HttpResponseBase:
        """Run the request. A streaming response is read later, in other threads and connections."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        answer: HttpResponseBase | None = refused
        if request is not None:
            answer = self.get_response(request)
        assert answer is not None  # noqa: S101 - Django creates the request or the response
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
        """Send the response. A stream ends when its client leaves."""
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
    """The job's result, or None if it was cancelled because the client left."""
    try:
        return await asyncio.wrap_future(job)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return None
