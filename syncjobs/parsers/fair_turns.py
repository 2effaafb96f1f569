"""Shares the parser processes: each tenant gets the same time, however much it has to read.

A tenant whose items take long waits for tenants whose items do not. While several tenants read,
none of them has all processes.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

RECENT = 60.0  # seconds after its last task that a tenant still counts as reading


class Turns:
    """Gives out `places` slots. The next slot goes to the waiting tenant whose tasks took the least
    time."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._held: dict[Hashable, int] = {}
        self._spent: dict[Hashable, float] = {}  # seconds
        self._seen: dict[Hashable, float] = {}
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, tenant: Hashable) -> AsyncIterator[None]:
        """Hold a slot for the tenant while the block runs. Waits until one is free."""
        await self._enter(tenant)
        start = time.monotonic()
        try:
            yield
        finally:
            self._spent[tenant] = self._spent.get(tenant, 0.0) + time.monotonic() - start
            self._leave(tenant)

    async def _enter(self, tenant: Hashable) -> None:
        self._note(tenant)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        self._next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(tenant)
            raise

    def _note(self, tenant: Hashable) -> None:
        """Record that the tenant uses the parsers now.

        A tenant that is new counts as having used as much time as the tenant that used least.
        Without this, it could take all slots until it had caught up. A tenant that was idle for
        RECENT seconds is forgotten, and so is its time.
        """
        now = time.monotonic()
        for known in [key for key, at in self._seen.items() if now - at > RECENT]:
            if not self._held.get(known) and not self._waiting.get(known):
                del self._seen[known]
                self._spent.pop(known, None)
        if tenant not in self._seen:
            self._spent[tenant] = min(self._spent.values(), default=0.0)
        self._seen[tenant] = now

    def _leave(self, tenant: Hashable) -> None:
        self._held[tenant] -= 1
        if not self._held[tenant]:
            del self._held[tenant]
        self._seen[tenant] = time.monotonic()
        self._next()

    def _next(self) -> None:
        """Give the free slots to the waiting tenants whose tasks took the least time."""
        while sum(self._held.values()) < self._places:
            most = self._places if len(self._seen) < 2 else max(1, self._places - 1)
            ready = [
                tenant
                for tenant, turns in self._waiting.items()
                if turns and self._held.get(tenant, 0) < most
            ]
            if not ready:
                return
            tenant = min(ready, key=lambda each: self._spent.get(each, 0.0))
            turn = self._waiting[tenant].popleft()
            if not self._waiting[tenant]:
                del self._waiting[tenant]
            if not turn.cancelled():
                self._held[tenant] = self._held.get(tenant, 0) + 1
                turn.set_result(None)
