"""Limits the size of request bodies: a larger one is refused before any of it is stored."""

from finley.server.asgi_types import Application, Message, Receive, Scope, Send
from finley.server.refusal import refuse
from syncjobs.api import bounds

# The refusal closes the connection, because the rest of the body may still arrive.
CLOSE = (b"connection", b"close")


class BodyLimit:
    """An ASGI application that refuses a request whose body has more than
    DATA_UPLOAD_MAX_MEMORY_SIZE bytes with 413, and passes the others to another application.

    Django would write a whole body to disk before a view sees it. A body whose Content-Length is
    too large is not read. Of a body without a Content-Length, no more than the limit is read.
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
    """Counts the bytes of a request's body. Above the limit it tells the application that the
    client has left, and `over` is True."""

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
    """Return whether the request states its length in two ways (RFC 9112, 6.3). A proxy may then
    see other requests than finley does."""
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names and b"transfer-encoding" in names


def _content_length(scope: Scope) -> str:
    value: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return value.decode("latin-1")
