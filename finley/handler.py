"""Django's ASGI handler, but connections are back in the pool before the answer goes out.

Django gives them back when all is sent: a client that reads slowly would keep them.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpResponseBase


class PoolFirst(ASGIHandler):
    async def send_response(
        self, response: HttpResponseBase, send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """A stream may still read while it is sent, and sees to its connections itself."""
        if not response.streaming:
            await sync_to_async(close_old_connections)()  # in the thread that has answered
        await super().send_response(response, send)
