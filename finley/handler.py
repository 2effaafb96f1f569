"""Django's ASGI handler, but a request is answered in one thread, from its first middleware to its
view, and its connections are back in the pool before the answer goes out.

None of finley's middlewares and views is asynchronous. Django would go back and forth between the
event loop and the thread for each of them, which took most of a busy server's time; and it would
give connections back when all is sent, so that a client that reads slowly would keep them.
"""

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponseBase


class InOneThread(ASGIHandler):
    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self._answered)(request)

    def _answered(self, request: HttpRequest) -> HttpResponseBase:
        """A stream may still read while it is sent, and sees to its connections itself."""
        response = self.get_response(request)
        if not response.streaming:
            close_old_connections()
        return response
