"""Limits the size of request bodies: a larger one is refused before any of it is stored."""

from finley.server.asgi_types import Application, Message, Receive, Scope, Send
from finley.server.refusal import refuse
from syncjobs.api import bounds

# The connection ends with the refusal: the rest of the body is still on its way.
CLOSE = (b"connection", b"close")


class BodyLimit:
    """An ASGI application whose request bodies have at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes.

    Django would write a whole body to disk before a view sees it. A body whose Content-Length is
    too large is not read; of one without a Content-Length, no more than the limit is read.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if _is_ambiguous(scope):
            await refuse(
                send, 400, "Content-Length and Transfer-Encoding do not go together.", CLOSE
            )
            return
        counter = _Counted(receive)
        if not bounds.states_more(_content_length(scope)):
            await self._application(scope, counter.receive, send)
            if not counter.over:
                return
        await refuse(send, 413, bounds.sentence(), CLOSE)


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


def _is_ambiguous(scope: Scope) -> bool:
    """Two ways to tell its length (RFC 9112, 6.3): a proxy may see another request than we do."""
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names and b"transfer-encoding" in names


def _content_length(scope: Scope) -> str:
    value: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return value.decode("latin-1")
