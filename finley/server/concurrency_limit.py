"""Only so many requests are worked on at once; above that, an answer at once that says so."""

import json
import math
from collections import Counter
from collections.abc import Mapping

from django.conf import settings

from finley.server.body_limit import PROBES, Application, Message, Receive, Scope, Send, askers
from graph.http import problems

SAYS = "Too many requests are being answered just now. Try again in a moment."


class ConcurrencyLimit:
    """An ASGI application that works on at most REQUESTS_AT_ONCE requests, of one asker on half.

    One counts from the end of its body to the beginning of its answer: who sends slowly, reads
    slowly or follows a stream takes nobody's place.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._working = 0
        self._of: Counter[bytes] = Counter()  # the same, by who asks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if scope.get("state", {}).get("of_probes") and scope["path"] not in PROBES:
            await _refuse(send)
            return
        turn = _Turn(self, askers(scope), receive, send)
        try:
            await self._application(scope, turn.receive, turn.send)
        finally:
            turn.end()
        if turn.refused:
            await _refuse(send)

    def take(self, shares: Mapping[bytes, float]) -> bool:
        """Whether there was a place for all of these askers, each within its share."""
        most = settings.REQUESTS_AT_ONCE
        if self._working >= most:
            return False
        if any(self._of[who] >= math.ceil(most * share) for who, share in shares.items()):
            return False
        self._working += 1
        self._of.update(shares.keys())
        return True

    def give_back(self, shares: Mapping[bytes, float]) -> None:
        self._working -= 1
        self._of.subtract(shares.keys())
        for who in shares:
            if not self._of[who]:
                del self._of[who]


class _Turn:
    """To the application, a client that is refused has gone."""

    def __init__(
        self, crowd: ConcurrencyLimit, who: Mapping[bytes, float], receive: Receive, send: Send
    ) -> None:
        self._crowd, self._who, self._receive, self._send = crowd, who, receive, send
        self._taken = False
        self._ended = False
        self.refused = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body") and not self._taken:
            self._taken = self._crowd.take(self._who)
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
            self._crowd.give_back(self._who)


async def _refuse(send: Send) -> None:
    body = json.dumps(problems.body(503, SAYS)).encode()
    headers = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
