"""What is in an item: which are worth reading, their bytes, and what those turn out to be."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from graph.errors import GraphError
from graph.ingest import document_facts, document_text
from graph.ingest.document_facts import Document, Reading
from graph.ingest.import_file import is_ledger
from syncjobs.errors import Unreadable
from syncjobs.models.choices import ItemUse
from syncjobs.nango import Nango
from syncjobs.sources import SOURCES
from syncjobs.sources.items import Item, clean

LARGEST_LEDGER = 48 * 1024 * 1024
LARGEST_DOCUMENT = 16 * 1024 * 1024
_MONEY_WORDS = re.compile(
    r"invoice|receipt|bill|payment|paid|order|statement|credit|refund|remittance|due|amount|"
    r"rechnung|zahlung|gutschrift|facture|paiement|factura|pago|[£$€]|\b(?:GBP|EUR|USD)\b",
    re.IGNORECASE,
)


@dataclass
class Content:
    """An item and what was found in it. `path` holds its bytes, until they are saved."""

    item: Item
    used_as: ItemUse = ItemUse.NOTHING
    note: str = ""
    reading: Reading | None = None
    path: Path | None = None


def worth_reading(item: Item) -> bool:
    """Whether its content may be books, or name an amount, a reference or a party."""
    if item.kind == "message":
        said = f"{item.name} {item.metadata.get('snippet', '')}"
        return item.text is not None or bool(_MONEY_WORDS.search(said))
    return holds_ledger(item) or document_text.is_readable(item.name)


def holds_ledger(item: Item) -> bool:
    """Whether its name is a ledger file's."""
    return item.kind != "message" and is_ledger(item.name)


async def fetched(nango: Nango, item: Item, folder: Path) -> Content:
    """The item with its bytes in a file of the folder. Raises Transient and Permanent."""
    size = item.metadata.get("size")
    most = LARGEST_LEDGER if holds_ledger(item) else LARGEST_DOCUMENT
    if isinstance(size, int) and size > most and item.kind != "message":
        return _unreadable(item, f"It has {size:,} bytes; at most {most:,} are read.")
    try:
        data = await SOURCES[nango.access.provider].content(nango, item)
    except Unreadable as error:
        return _unreadable(item, str(error))
    path = folder / file_name(item)
    path.write_bytes(data)
    return Content(item, path=path)


def _unreadable(item: Item, why: str) -> Content:
    return Content(item, ItemUse.UNREADABLE, why)


def file_name(item: Item) -> str:
    """The item's name, fit for a file: it is what a ledger's rows say that they come from."""
    name = re.sub(r"[/\\\x00-\x1f]", "_", item.name).strip(". ") or "message"
    stem, dot, ending = name[-120:].partition(".")
    return f"{stem}{dot}{ending}" if item.kind != "message" else "message.txt"


def read(content: Content, senders: dict[str, str]) -> Content:
    """What a document says, if it says anything; a ledger is left for the import."""
    item, path = content.item, content.path
    if path is None or holds_ledger(item):
        return content
    data = path.read_bytes()
    try:
        said = (
            data.decode(errors="replace")
            if item.kind == "message"
            else document_text.of(data, item.name)
        )
        content.reading = document_facts.read(_document(item, said, senders))
    except GraphError as error:
        content.used_as, content.note = ItemUse.UNREADABLE, str(error)
        return content
    if content.reading is not None:
        content.used_as = ItemUse.EVENT
    return content


def _document(item: Item, said: str, senders: dict[str, str]) -> Document:
    name, email = document_facts.sender(senders.get(item.parent_id or item.external_id, ""))
    return Document(
        external_id=item.external_id,
        kind="message" if item.kind == "message" else "file",
        name=item.name,
        text=said,
        occurred_at=_moment(item),
        sender_name=name,
        sender_email=email,
        metadata={"kind": item.kind, "parent": item.parent_id or ""},
    )


def _moment(item: Item) -> datetime:
    """When it says it was written; one from the future, or without a date, was found now."""
    now = datetime.now(UTC)
    return min(item.modified_at or now, now)


def senders_of(items: Iterable[Item]) -> dict[str, str]:
    """Who sent each message, for its attachments."""
    return {
        item.external_id: clean(item.metadata.get("from"))
        for item in items
        if item.kind == "message"
    }
