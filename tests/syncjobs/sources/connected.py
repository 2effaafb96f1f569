"""A connection of the sandbox, and the providers for which the tests are repeated."""

import asyncio
import itertools
from typing import Any

import pytest

from syncjobs.sandbox.server import Sandbox
from syncjobs.sources import SOURCES
from syncjobs.sources.items import Item
from tests.syncjobs.saving import (
    PROVIDERS,
    Store,
    client,
    content_of,
    found,
    nango,
    sync,
)

DELETES = ("gmail", "dropbox", "gdrive")  # Zoho's deletions show in a full sync only
_NUMBERS = itertools.count(1)
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


class Connected:
    """A new connection of the sandbox, and the store into which it is synced."""

    def __init__(self, box: Sandbox, provider: str, **options: Any) -> None:
        self.box, self.provider = box, provider
        self.key = options.pop("key", "") or f"{provider}-{next(_NUMBERS)}"
        self.store = Store()
        self.control(provider=provider, **options)

    def control(self, **options: Any) -> None:
        self.box.control(self.key, **options)

    def sync(self, **how: Any) -> None:
        async def once() -> None:
            async with client() as http:
                await sync(nango(self.box, self.provider, self.key, http), self.store, **how)

        asyncio.run(once())

    def full_sync(self) -> None:
        self.store.cursor = None
        self.sync()

    def content(self, item: Item) -> bytes:
        async def once() -> bytes:
            async with client() as http:
                nango_ = nango(self.box, self.provider, self.key, http)
                return await content_of(SOURCES[self.provider], nango_, item)

        return asyncio.run(once())

    def is_true(self) -> bool:
        async def once() -> dict[str, Any]:
            async with client() as http:
                return await found(nango(self.box, self.provider, self.key, http), self.store)

        assert asyncio.run(once()) == self.box.truth(self.key)
        return True

    def has_all(self) -> bool:
        return self.store.items.keys() >= self.box.truth(self.key).keys()
