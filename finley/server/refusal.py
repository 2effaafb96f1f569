"""Responses that refuse a request before Django sees it."""

import json

from finley.server.asgi_types import Send
from graph.http import problems


async def refuse(send: Send, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
    """Send a problem (RFC 9457) of this status, with further headers."""
    body = json.dumps(problems.body(status, detail)).encode()
    usual = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*usual, *headers]})
    await send({"type": "http.response.body", "body": body})
