"""Django's ASGI handler, changed: one thread creates, answers and finishes a request, and its
database connections return to the pool before the response is sent.

None of finley's middlewares and views is asynchronous. Django would switch between the event loop
and a thread for each of them, start that thread anew for each request, and send each signal from
the loop. That took most of a busy server's time. Django would also return connections only after
the response is sent, so a client that reads slowly would hold them.

There are few threads, because they share one interpreter: under overload 24 threads answered a
fifth less than 6. ConcurrencyLimit shares them fairly among clients, and health probes have a
thread of their own.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from io import BytesIO
from typing import Any, cast

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import close_old_connections
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from finley.server import kept_answers
from finley.server.asgi_types import Receive, Scope, Send
from finley.server.concurrency_limit import (
    PROBES,
    SAYS,
    ConcurrencyLimit,
    TooManyRequests,
    shares_of,
)
from finley.server.kept_answers import KeptResponse
from finley.server.refusal import refuse

Answer = HttpResponseBase | KeptResponse


class ThreadedHandler(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(settings.REQUEST_THREADS, "request")
        self._of_probes = ThreadPoolExecutor(2, "probe")
        self._limit = ConcurrencyLimit()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"HTTP is all that is served, not {scope['type']}.")
        if scope.get("state", {}).get("of_probes") and scope["path"] not in PROBES:
            await _too_many(send)
            return
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        leaving = asyncio.ensure_future(receive())  # the only message until the response is sent
        try:
            if (answer := await self._in_turn(scope, body, leaving)) is not None:
                await self._sent(answer, leaving, send)
        except TooManyRequests:
            await _too_many(send)
        finally:
            leaving.cancel()

    async def _in_turn(
        self, scope: Scope, body: BytesIO, leaving: "asyncio.Future[Any]"
    ) -> Answer | None:
        """Wait for a slot and a thread, and return the response. None if the client left before a
        thread was free; a view that has begun is finished.

        Raises TooManyRequests.
        """
        async with self._limit.slot(shares_of(scope)):
            if leaving.done():
                return None
            threads = self._of_probes if scope["path"] in PROBES else self._threads
            job = threads.submit(copy_context().run, self._answered, scope, body)
            leaving.add_done_callback(lambda _: job.cancel())
            return await _unless_cancelled(job)

    async def read_body(self, receive: Receive) -> BytesIO:
        """The body in memory. finley.server.body_limit has limited its size."""
        pieces, more = [], True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        return BytesIO(b"".join(pieces))

    def _answered(self, scope: Scope, body: BytesIO) -> Answer:
        """Return a stored response, or create the request, call the view and return its response.
        All of this happens in the current thread. A streaming response is read later in other
        threads, with their own database connections."""
        if (kept := kept_answers.given(scope)) is not None:
            return kept
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        answer: HttpResponseBase | None = refused
        if request is not None:
            answer = self.get_response(request)
        assert answer is not None  # noqa: S101 - Django makes one of both
        cast(Any, answer)._handler_class = self.__class__  # Django's own handlers set this, too
        if not answer.streaming:
            answer.close()
        else:
            if isinstance(answer, FileResponse):
                answer.block_size = self.chunk_size
            read_in_threads(cast(StreamingHttpResponse, answer))
            close_old_connections()
        return answer

    async def _sent(self, answer: Answer, leaving: "asyncio.Future[Any]", send: Send) -> None:
        """Send the response. A stream ends when its client leaves."""
        if isinstance(answer, KeptResponse):
            start = {"status": answer.status, "headers": answer.headers}
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": answer.body})
            return
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


def read_in_threads(answer: StreamingHttpResponse) -> None:
    """Let a response with a synchronous iterator, such as a static file, be read a piece at a time
    in threads. Django would read all of it before it sends the first piece, and log a warning."""
    if not answer.is_async:
        answer.streaming_content = _pieces(iter(answer))


async def _pieces(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, content, None)) is not None:
        yield piece


async def _too_many(send: Send) -> None:
    await refuse(send, 503, SAYS, (b"retry-after", b"1"))


async def _unless_cancelled(job: "Future[Answer]") -> Answer | None:
    """The job's response, or None if the client left before the job began."""
    try:
        return await asyncio.wrap_future(job)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return None
