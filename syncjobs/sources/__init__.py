"""One module per provider, under its name, with the functions of Source."""

from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Protocol

from syncjobs.nango import Nango
from syncjobs.providers import PROVIDERS
from syncjobs.sources.items import Cursor, Item, Page


class Source(Protocol):
    """The functions of a provider's module. They raise only Transient, Permanent or CursorLost."""

    def pages(self, nango: Nango, cursor: Cursor | None = None) -> AsyncIterator[Page]:
        """Yield pages of what changed since `cursor`, or of everything if it is None. Each page has
        the cursor after it.

        The cursor of an unfinished listing continues that listing. The last page is marked `last`.
        On CursorLost, call again without a cursor.
        """
        ...

    async def content(self, nango: Nango, item: Item, into: Path) -> str:
        """Write a file's or attachment's bytes, or a message's body as UTF-8, into a file.

        Returns the type of a message's body: text/plain or text/html. Of `item`, only external_id,
        kind, name, parent_id and metadata are needed. Raises Unreadable if the item is gone, too
        large or has no bytes.
        """
        ...

    async def again(self, nango: Nango, item: Item) -> list[Item]:
        """The item and its attachments as the provider lists them now; empty if it is gone."""
        ...


def _source(name: str) -> Source:
    source: Source = import_module(f"syncjobs.sources.{name}")
    return source


SOURCES = {provider.name: _source(provider.name) for provider in PROVIDERS}
