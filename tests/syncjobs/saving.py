"""Syncs a source the slow, obvious way: stores its pages in memory, and obeys its errors."""

import hashlib
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from graph.ingest.documents.html_text import of_html
from syncjobs.errors import CursorLost, Transient
from syncjobs.nango import Access, Limits, Nango
from syncjobs.sandbox.server import Sandbox
from syncjobs.sources import SOURCES, Source
from syncjobs.sources.items import Item, Page, settled

PROVIDERS = ("gmail", "dropbox", "gdrive", "zoho_mail")
PATIENT = Limits(silence=10.0, answer=30.0)
QUICK = Limits(silence=0.4, answer=5.0)


def client() -> httpx.AsyncClient:
    """An HTTP client without the cost of TLS, which the sandbox does not use."""
    return httpx.AsyncClient(verify=False, timeout=PATIENT.silence)  # noqa: S501


def nango(box: Sandbox, provider: str, key: str, http: httpx.AsyncClient | None = None) -> Nango:
    return Nango(Access(provider, key, box.secret, host=box.url), http, PATIENT)


class Killed(Exception):
    pass


class Store:
    """Items in memory, as the tables would have them after each page, and the cursor."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.stamps: dict[str, str] = {}
        self.cursor: dict[str, Any] | None = None
        self.pages: list[Page] = []

    def save(self, page: Page) -> None:
        self.pages.append(page)
        effects = settled(page.items)
        below = tuple(effects.gone_below)
        self._drop(key for key in self.items if key in effects.gone or key.startswith(below))
        self.items |= effects.upserts
        self.stamps |= dict.fromkeys(effects.upserts, page.generation)
        if page.full and page.last:
            self._drop(key for key in self.items if self.stamps[key] != page.generation)
        self.cursor = json.loads(json.dumps(page.cursor, allow_nan=False))

    def _drop(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            del self.items[key]


async def sync(source_nango: Nango, store: Store, *, tries: int = 1, kill_after: int = 0) -> None:
    """Sync the connection into the store up to the last page. Each Transient or CursorLost uses up
    one of `tries`.

    With `kill_after`, raises Killed after that many pages.
    """
    source = SOURCES[source_nango.access.provider]
    for remaining in reversed(range(tries)):
        try:
            count = 0
            async for page in source.pages(source_nango, store.cursor):
                store.save(page)
                count += 1
                if count == kill_after and not page.last:
                    raise Killed
            return
        except CursorLost:
            store.cursor = None
        except Transient:
            pass
        if not remaining:
            raise AssertionError("out of tries")


async def found(source_nango: Nango, store: Store) -> dict[str, dict[str, Any]]:
    """The facts of all stored items in the form of the sandbox's truth, by external_id. Each
    content is read from the provider again."""
    source = SOURCES[source_nango.access.provider]
    facts = {}
    for key, item in store.items.items():
        bare = Item(key, item.kind, item.name, metadata=item.metadata, parent_id=item.parent_id)
        data = await content_of(source, source_nango, bare)
        assert data == (item.text.encode() if item.text is not None else data)
        facts[key] = {"kind": item.kind, "name": item.name} | {"sha256": _hash(data)}
        if source_nango.access.provider == "gmail" and item.kind == "message":
            facts[key]["labels"] = item.metadata["labels"]
        if source_nango.access.provider == "dropbox":
            facts[key]["content_hash"] = item.content_hash
    return facts


async def content_of(source: Source, source_nango: Nango, item: Item) -> bytes:
    """A file's bytes, or a message's text as a parser reads it."""
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "content"
        media = await source.content(source_nango, item, into)
        data = into.read_bytes()
    return of_html(data.decode()).encode() if media == "text/html" else data


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
