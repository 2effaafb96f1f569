"""Delivers messages to their endpoints in a worker, and limits how much of it one endpoint may use.

A worker delivers to ENDPOINTS endpoints at once, and sends AT_ONCE messages of an endpoint at once.
It spends about ENDPOINT_SECONDS on an endpoint at most. All workers together deliver to one
endpoint of a tenant at a time. So an endpoint that does not answer delays neither syncs nor the
endpoints of other tenants.
"""

import asyncio
from typing import Any
from uuid import UUID

from arq import Retry

from syncjobs import metrics, queue
from syncjobs.alerts import channels, delivery_state, wake_up
from syncjobs.alerts.delivery_state import Claim
from syncjobs.database_threads import Threads, ended

ENDPOINTS = 4  # endpoints to which a worker delivers at once
AT_ONCE = 8  # messages of an endpoint that are sent at once
ENDPOINT_SECONDS = 30.0  # after which a worker leaves an endpoint to wait for its next turn
BUSY = 1.0  # seconds until the job of an endpoint is tried again if ENDPOINTS others are served
DATABASE_TIMEOUT = 300.0


class Deliverer:
    """Delivers to at most ENDPOINTS endpoints at once; the jobs of further endpoints are
    requeued."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._threads = Threads("deliver", 2)
        self._taken = 0

    async def deliver(self, ctx: dict[str, Any], endpoint_id: str) -> None:
        """Deliver the messages that are due at the endpoint. Raises Retry if ENDPOINTS others are
        served.

        Does nothing while a worker delivers to another endpoint of the same tenant. When that
        worker ends, it enqueues the tenant's next endpoint.
        """
        if self._taken >= ENDPOINTS:
            await queue.uncounted(ctx)
            raise Retry(defer=BUSY)
        self._taken += 1
        try:
            claim = await self._retried(delivery_state.claimed, UUID(endpoint_id), self._worker)
            if claim is not None:
                with metrics.running(wake_up.FUNCTION):
                    await self._drained(claim)
        finally:
            self._taken -= 1

    async def close(self) -> None:
        await self._threads.close()

    async def _drained(self, claim: Claim) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + ENDPOINT_SECONDS
        try:
            while messages := await self._retried(delivery_state.due, claim, AT_ONCE):
                sent = await asyncio.gather(
                    *(channels.send(claim.endpoint, message) for message in messages)
                )
                await ended(self._retried(delivery_state.recorded, sent))
                renewed = await self._retried(delivery_state.renewed, claim)
                if renewed is None or loop.time() > until:
                    return
                claim = renewed
        finally:
            await ended(self._retried(delivery_state.released, claim))

    async def _retried(self, work: Any, *args: Any) -> Any:
        return await self._threads.retried(DATABASE_TIMEOUT, work, *args)
