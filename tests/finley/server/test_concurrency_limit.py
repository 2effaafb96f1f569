"""One client gets its share of a process's requests and threads, and never more."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from finley.server.concurrency_limit import ConcurrencyLimit, TooManyRequests

ONE, OTHER = {b"token one": 0.5}, {b"token other": 0.5}


@pytest.fixture
def limit(settings) -> ConcurrencyLimit:
    settings.REQUESTS_AT_ONCE, settings.REQUEST_THREADS = 6, 4
    return ConcurrencyLimit()


def test_a_client_waits_while_it_uses_its_share_of_the_threads(limit):
    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(limit.slot(ONE))
            await stack.enter_async_context(limit.slot(ONE))
            third = asyncio.ensure_future(AsyncExitStack().enter_async_context(limit.slot(ONE)))
            async with limit.slot(OTHER):
                await asyncio.sleep(0)
                assert not third.done()
            with pytest.raises(TooManyRequests):  # three of six
                await stack.enter_async_context(limit.slot(ONE))
        await asyncio.wait_for(third, 1)

    asyncio.run(scenario())


def test_all_clients_together_have_a_limit(limit):
    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            for number in range(6):
                await stack.enter_async_context(limit.slot({f"token {number}".encode(): 0.5}))
            with pytest.raises(TooManyRequests):
                await stack.enter_async_context(limit.slot(OTHER))

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [None, ValueError, asyncio.CancelledError])
def test_a_slot_is_given_back_however_the_request_ends(limit, error):
    async def request() -> None:
        async with limit.slot({**ONE, **OTHER}):
            if error is not None:
                raise error

    async def scenario() -> None:
        await asyncio.gather(*(request() for _ in range(3)), return_exceptions=True)
        assert not limit._clients
        assert not limit._requests

    asyncio.run(scenario())


def test_who_leaves_while_waiting_gives_its_slot_back(limit):
    async def scenario() -> None:
        async with limit.slot(ONE), limit.slot(ONE):
            waiting = asyncio.ensure_future(AsyncExitStack().enter_async_context(limit.slot(ONE)))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
        assert not limit._clients

    asyncio.run(scenario())
