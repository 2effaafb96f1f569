"""Request bodies have an end: larger ones are refused before anything of them is stored."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from finley.auth import client_address, known_tokens
from graph.http import problems
from syncjobs.api import bounds

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyLimit:
    """An ASGI application whose requests hold at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes.

    Django would write a whole body to disk before a view sees it. One whose Content-Length says
    that it is too large is not read; of one that does not say, no more than the bound is.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if _is_ambiguous(scope):
            await _refuse(send, 400, "Content-Length and Transfer-Encoding do not go together.")
            return
        counted = _Counted(receive)
        if not bounds.states_more(_content_length(scope)):
            await self._application(scope, counted.receive, send)
            if not counted.over:
                return
        await _refuse(send, 413, bounds.sentence())


class _Counted:
    """To the application, a client that sends too much has gone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = bounds.most()
        self.over = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self.over = self._left < 0
        return {"type": "http.disconnect"} if self.over else message


def askers(scope: Scope) -> dict[bytes, float]:
    """The keys that a request counts for, each with the share of all slots that it may take.

    A token that was valid a moment ago counts for itself. Any other one counts for itself and for
    the client's address, so that a client with invented tokens is still one client. A request
    without a token, as the pages' are, counts for the address alone.
    """
    if scope["path"] in PROBES:
        return {b"probe": 0.5}
    header: bytes = dict(scope["headers"]).get(b"authorization", b"")
    shares = {b"token " + header: 0.5} if header else {}
    if not known_tokens.digest_of_good(header.partition(b" ")[2].strip()):
        shares[b"address " + client_address.of_scope(scope).encode()] = 0.75
    return shares


def _is_ambiguous(scope: Scope) -> bool:
    """Two ways to tell its length (RFC 9112, 6.3): a proxy may see another request than we do."""
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names and b"transfer-encoding" in names


def _content_length(scope: Scope) -> str:
    stated: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return stated.decode("latin-1")


async def _refuse(send: Send, status: int, detail: str) -> None:
    """The connection ends with the answer: the rest of the body is still on its way."""
    body = json.dumps(problems.body(status, detail)).encode()
    headers = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
