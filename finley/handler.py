"""Django's ASGI handler, but a request is answered in one thread, from its first middleware to its
view, and its connections are back in the pool before the answer goes out.

None of finley's middlewares and views is asynchronous. Django would go back and forth between the
event loop and a thread for each of them, and make that thread anew for each request, which took
most of a busy server's time; and it would give connections back when all is sent, so that a client
that reads slowly would keep them. Few threads more than connections: more would only wait for
those, and for each other.
"""

from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponseBase

from finley.bounded import Receive, Scope, Send


class InOneThread(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(settings.REQUEST_THREADS, "request")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Without a thread of its own for what little is left to do of each request."""
        if scope["type"] != "http":
            raise ValueError(f"HTTP is all that is served, not {scope['type']}.")
        await self.handle(scope, receive, send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        answered = sync_to_async(self._answered, thread_sensitive=False, executor=self._threads)
        return await answered(request)

    def _answered(self, request: HttpRequest) -> HttpResponseBase:
        """What is streamed is read in other threads, with connections of theirs."""
        try:
            return self.get_response(request)
        finally:
            close_old_connections()
