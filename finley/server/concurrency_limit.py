"""Limits a process's concurrent requests, and shares its threads fairly among clients.

A process accepts at most REQUESTS_AT_ONCE requests, and refuses further ones at once.
REQUEST_THREADS of the accepted requests run; the others wait for a thread. One client gets at most
its share of both.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from django.conf import settings

from finley.auth import client_address, known_tokens
from finley.server.asgi_types import Scope

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
SAYS = "Too many requests are being answered just now. Try again in a moment."


class TooManyRequests(Exception):
    """Raised if the process, or one client, has as many requests as allowed."""


class _Client:
    """One client's number of requests, the most that it may have, and a semaphore of the threads
    that it may use."""

    def __init__(self, share: float) -> None:
        self.requests = 0
        self.most = math.ceil(settings.REQUESTS_AT_ONCE * share)
        self.threads = asyncio.Semaphore(math.ceil(settings.REQUEST_THREADS * share))


class ConcurrencyLimit:
    """Counts the requests in progress by client, and refuses those above the limits.

    A request counts from the end of its body until its response begins. So a client that sends
    slowly, reads slowly or follows a stream occupies no slot.
    """

    def __init__(self) -> None:
        self._requests = 0
        self._clients: dict[bytes, _Client] = {}

    @asynccontextmanager
    async def slot(self, shares: Mapping[bytes, float]) -> AsyncIterator[None]:
        """Hold a slot for a request while the block runs. First waits until each of the clients in
        `shares` has a free thread.

        Raises TooManyRequests at once if the process or one of the clients already has too many
        requests.
        """
        self._take(shares)
        try:
            async with AsyncExitStack() as threads:
                for key in shares:
                    await threads.enter_async_context(self._clients[key].threads)
                yield
        finally:
            self._give_back(shares)

    def _take(self, shares: Mapping[bytes, float]) -> None:
        clients = {key: self._clients.get(key) or _Client(share) for key, share in shares.items()}
        if self._requests >= settings.REQUESTS_AT_ONCE or any(
            client.requests >= client.most for client in clients.values()
        ):
            raise TooManyRequests
        self._requests += 1
        self._clients.update(clients)
        for client in clients.values():
            client.requests += 1

    def _give_back(self, shares: Mapping[bytes, float]) -> None:
        self._requests -= 1
        for key in shares:
            self._clients[key].requests -= 1
            if not self._clients[key].requests:
                del self._clients[key]


def shares_of(scope: Scope) -> dict[bytes, float]:
    """The clients for which a request counts: the client's key → its share of all requests and
    threads, from 0 to 1.

    A request with a token that was valid recently counts for the token. A request with another
    token counts for that token and for the client's address, so that a client with invented tokens
    is still one client. A request without a token, such as a page's, counts for the address. Health
    probes count as one client.
    """
    if scope["path"] in PROBES:
        return {b"probe": 0.5}
    header: bytes = dict(scope["headers"]).get(b"authorization", b"")
    clients = {b"token " + header: 0.5} if header else {}
    if not known_tokens.digest_of_good(header.partition(b" ")[2].strip()):
        clients[b"address " + client_address.of_scope(scope).encode()] = 0.75
    return clients
