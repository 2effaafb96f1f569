"""Limits concurrent requests; further ones get status 503 at once."""

import json
from collections import Counter

from django.conf import settings

from finley.server.body_limit import Application, Message, Receive, Scope, Send, client_key
from graph.http import problems

SAYS = "Too many requests at the moment. Try again in a second."


class ConcurrencyLimit:
    """An ASGI application with at most REQUESTS_AT_ONCE concurrent requests, half per client.

    A request counts from the end of its body to the start of its response. So clients that send
    slowly, read slowly or follow a stream use no slot.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._working = 0
        self._by_client: Counter[bytes] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        turn = _Request(self, client_key(scope), receive, send)
        try:
            await self._application(scope, turn.receive, turn.send)
        finally:
            turn.end()
        if turn.refused:
            await _refuse(send)

    def take(self, client: bytes) -> bool:
        """Take a slot; False if none is free for the client."""
        most = settings.REQUESTS_AT_ONCE
        if self._working >= most or self._by_client[client] >= (most + 1) // 2:
            return False
        self._working += 1
        self._by_client[client] += 1
        return True

    def give_back(self, client: bytes) -> None:
        self._working -= 1
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]


class _Request:
    """One request. If it is refused, the application sees a disconnected client."""

    def __init__(
        self, limit: ConcurrencyLimit, client: bytes, receive: Receive, send: Send
    ) -> None:
        self._limit, self._client, self._receive, self._send = limit, client, receive, send
        self._taken = False
        self._ended = False
        self.refused = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body") and not self._taken:
            self._taken = self._limit.take(self._client)
            self.refused = not self._taken
            if self.refused:
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        self.end()
        await self._send(message)

    def end(self) -> None:
        if self._taken and not self._ended:
            self._ended = True
            self._limit.give_back(self._client)


async def _refuse(send: Send) -> None:
    body = json.dumps(problems.body(503, SAYS)).encode()
    headers = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
