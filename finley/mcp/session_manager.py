"""Runs the SDK's session manager: starts it at the first MCP request, ends it with the server.

Importing the SDK takes a second of processor time, which a server without MCP requests saves.
"""

import asyncio
import logging
from concurrent.futures import Future
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from finley.mcp.request_thread import RequestThread
from finley.server.asgi_types import Application, Message, Receive, Scope, Send
from graph.errors import Busy

log = logging.getLogger("finley.requests")
PASSED_ON = {"accept", "content-type"}  # headers; the SDK sees no token and no cookie
PREFIX = "mcp-"
GRACE = 5.0  # seconds beyond a question's time limit


class Sessions:
    """Answers MCP requests with the session manager: stateless, one JSON response per request."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._manager: asyncio.Future[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer requests on this event loop from now on."""
        self._loop = loop

    async def close(self) -> None:
        """End the session manager. To be called on its event loop."""
        self._loop = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._task = self._manager = None

    def answer(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        """The response to the request. To be called in the request's thread. Raises Busy,
        TookTooLong."""
        if self._loop is None:
            raise Busy("The server has not started, or is stopping.", after=1)
        import_module("finley.mcp.protocol")  # not in the event loop, which must not wait
        thread = RequestThread(user_id)
        parts: list[Message] = []
        scope = {**_scope(request), "finley.caller": thread}
        exchange = self._exchange(scope, request.body, parts)
        done: Future[None] = asyncio.run_coroutine_threadsafe(exchange, self._loop)
        thread.work_until(done, settings.QUESTIONS["request_seconds"] + GRACE)
        return _response(parts)

    async def _exchange(self, scope: Scope, body: bytes, parts: list[Message]) -> None:
        coming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if not coming:
                await asyncio.Event().wait()  # no message of a disconnect
            return coming.pop()

        async def send(part: Message) -> None:
            parts.append(part)

        await (await self._started()).handle_request(scope, receive, send)

    async def _started(self) -> Any:
        """The running session manager; it is started if there is none. Raises the error of a failed
        start."""
        if self._manager is None or self._task is None or self._task.done():
            self._manager = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(self._manager))
        return await asyncio.shield(self._manager)

    async def _run(self, ready: "asyncio.Future[Any]") -> None:
        """Run a session manager until this task is cancelled. The future `ready` gets the manager,
        or the error of its start."""
        try:
            manager = import_module("finley.mcp.build_session_manager").build()
            async with manager.run():
                ready.set_result(manager)
                await asyncio.Event().wait()
        except Exception as error:
            if ready.done():
                log.exception("The MCP session manager ended")
            else:
                ready.set_exception(error)
        finally:
            ready.cancel()  # does nothing if it is done


SESSIONS = Sessions()


class Lifespan:
    """An ASGI application that opens SESSIONS when the server starts, and closes it at the end."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._application(scope, receive, send)
            return
        await receive()
        SESSIONS.open(asyncio.get_running_loop())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await SESSIONS.close()
        await send({"type": "lifespan.shutdown.complete"})


def _scope(request: HttpRequest) -> Scope:
    headers = [
        (name.lower().encode(), value.encode())
        for name, value in request.headers.items()
        if name.lower() in PASSED_ON or name.lower().startswith(PREFIX)
    ]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "root_path": "",
        "query_string": b"",
        "headers": headers,
    }


def _response(parts: list[Message]) -> HttpResponse:
    body = b"".join(part.get("body", b"") for part in parts[1:])
    response = HttpResponse(body, status=parts[0]["status"])
    for name, value in parts[0]["headers"]:
        if name.lower() != b"content-length":
            response[name.decode("latin-1")] = value.decode("latin-1")
    return response
