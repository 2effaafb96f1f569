"""The sources by provider: the module of each one's name, with the functions of Source."""

from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Protocol

from syncjobs.nango import Nango
from syncjobs.providers import PROVIDERS
from syncjobs.sources.items import Cursor, Item, Page


class Source(Protocol):
    """All raise Transient, Permanent or CursorLost (errors.py), and nothing else of their own."""

    def pages(self, nango: Nango, cursor: Cursor | None = None) -> AsyncIterator[Page]:
        """What is new since `cursor`, or everything; from a cursor of mid-way, the rest of it.

        The last page says so. CursorLost: call again without a cursor.
        """
        ...

    async def content(self, nango: Nango, item: Item, into: Path) -> str:
        """Write a file's or attachment's bytes, or a message's body as UTF-8, into a file.

        Says what a message's body is: text/plain or text/html. `item` needs external_id, kind,
        name, parent_id and metadata only. Raises Unreadable for one that is gone, too large or
        has no bytes.
        """
        ...

    async def again(self, nango: Nango, item: Item) -> list[Item]:
        """The item as the provider lists it now, with its attachments; none where it is gone."""
        ...


def _source(name: str) -> Source:
    source: Source = import_module(f"syncjobs.sources.{name}")
    return source


SOURCES = {provider.name: _source(provider.name) for provider in PROVIDERS}
