"""What is in an item: which are worth reading, their bytes, and what those turn out to be."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from graph.ingest.documents import document_facts, document_text
from graph.ingest.documents.document_facts import Document, Reading
from graph.ingest.file_parts import NO_HINTS
from graph.ingest.import_file import is_ledger
from graph.ingest.readers.parts import Hints, Part
from syncjobs.models.choices import ItemUse
from syncjobs.nango import Nango
from syncjobs.parsers.pool import Parsers
from syncjobs.parsers.tasks import parts_from, reading_from
from syncjobs.parsers.wire import pack
from syncjobs.sources import SOURCES, sender_checks
from syncjobs.sources.items import Item, clean

LARGEST_LEDGER = 48 * 1024 * 1024
LARGEST_DOCUMENT = 16 * 1024 * 1024
NAME_BYTES = 180
NOTE = 1_000  # characters
_MONEY_WORDS = re.compile(
    r"invoice|receipt|bill|payment|paid|order|statement|credit|refund|remittance|due|amount|"
    r"rechnung|zahlung|gutschrift|facture|paiement|factura|pago|[£$€]|\b(?:GBP|EUR|USD)\b",
    re.IGNORECASE,
)


Senders = dict[str, tuple[str, dict[str, str]]]


@dataclass
class Content:
    """An item and what was found in it.

    `path` holds its bytes, `parts` what was read of a ledger, until they are saved. `failed`: a
    later sync may read it.
    """

    item: Item
    used_as: ItemUse = ItemUse.NOTHING
    note: str = ""
    reading: Reading | None = None
    path: Path | None = None
    media: str = ""
    parts: list[Part] | None = None
    failed: bool = False


def worth_reading(item: Item) -> bool:
    """Whether its content may be books, or name an amount, a reference or a party."""
    if item.trouble:
        return False
    if item.kind == "message":
        text = f"{item.name} {item.metadata.get('snippet', '')}"
        return item.text is not None or item.unread or bool(_MONEY_WORDS.search(text))
    return holds_ledger(item) or document_text.is_readable(item.name)


def holds_ledger(item: Item) -> bool:
    """Whether its name is a ledger file's."""
    return item.kind != "message" and is_ledger(item.name)


def listed(item: Item) -> Content:
    """An item that is stored as it is listed; one that could not be listed well says why."""
    return unreadable(item, item.trouble, failed=item.passing) if item.trouble else Content(item)


async def fetched(nango: Nango, item: Item, folder: Path) -> Content:
    """The item with its bytes in a file of the folder. Raises Transient and Permanent."""
    size = item.metadata.get("size")
    most = LARGEST_LEDGER if holds_ledger(item) else LARGEST_DOCUMENT
    if isinstance(size, int) and size > most and item.kind != "message":
        return unreadable(item, f"It has {size:,} bytes; at most {most:,} are read.")
    path = folder / file_name(item)
    media = await SOURCES[nango.access.provider].content(nango, item, path)
    return Content(item, path=path, media=media)


def unreadable(item: Item, why: str, *, failed: bool = False) -> Content:
    return Content(item, ItemUse.UNREADABLE, why[:NOTE], failed=failed)


def file_name(item: Item) -> str:
    """The item's name, fit for a file: it is what a ledger's rows say that they come from.

    File systems take 255 bytes; what is made of it (its rejects) has a longer name.
    """
    if item.kind == "message":
        return "message.txt"
    name = re.sub(r"[/\\\x00-\x1f]", "_", item.name).strip(". ")
    name = name.encode(errors="replace")[-NAME_BYTES:].decode(errors="ignore").strip(". ")
    return name or "unnamed"


async def read(
    parsers: Parsers, content: Content, senders: Senders, hints: Hints = NO_HINTS
) -> Content:
    """What is in it, read by a parser: a ledger's rows, or what a document names.

    A PDF that holds an e-invoice is both. `hints`: the tenant's own accounts, which tell the
    invoices that it has sent from its bills, and its saved mappings.

    Raises Unreadable, ParserFailed.
    """
    item, path = content.item, content.path
    if path is None:
        return content
    if holds_ledger(item):
        return await _read_ledger(parsers, content, path, hints)
    if item.kind != "message" and await _holds_invoice(parsers, path):
        content = await _read_ledger(parsers, content, path, hints)
    reading = await parsers.run(
        "read_document",
        settings.PARSERS["document_seconds"],
        path=str(path),
        html=content.media == "text/html" if item.kind == "message" else None,
        document=pack(_document(item, "", senders)),
    )
    content.reading = reading_from(reading)
    if content.reading is not None:
        content.used_as = ItemUse.EVENT
    return content


async def _holds_invoice(parsers: Parsers, path: Path) -> bool:
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            return False
    seconds = settings.PARSERS["document_seconds"]
    return bool(await parsers.run("holds_invoice", seconds, path=str(path)))


async def _read_ledger(parsers: Parsers, content: Content, path: Path, hints: Hints) -> Content:
    rows = path.with_name("rows.jsonl")
    parts = await parsers.run(
        "read_ledger",
        settings.PARSERS["ledger_seconds"],
        path=str(path),
        into=str(rows),
        most_bytes=settings.PARSERS["unpacked_mb"] * 2**20,
        own=sorted(hints.own),
        saved={layout: pack(each) for layout, each in hints.saved.items()},
    )
    content.parts = parts_from(rows, parts)
    return content


def _document(item: Item, text: str, senders: Senders) -> Document:
    sender, checks = senders.get(item.parent_id or item.external_id, ("", {}))
    name, email = document_facts.sender(sender)
    of_mail = item.kind in {"message", "attachment"}
    return Document(
        external_id=item.external_id,
        kind="message" if item.kind == "message" else "file",
        name=item.name,
        text=text,
        occurred_at=_moment(item),
        sender_name=name,
        sender_email=email,
        metadata={
            "kind": item.kind,
            "parent": item.parent_id or "",
            **({"sender": sender_checks.standing(checks), "checks": checks} if of_mail else {}),
        },
    )


def _moment(item: Item) -> datetime:
    """When it says it was written; one from the future, or without a date, was found now."""
    now = datetime.now(UTC)
    return min(item.modified_at or now, now)


def senders_of(items: Iterable[Item]) -> Senders:
    """Who sent each message, for its attachments too, and how the provider checked it."""
    return {
        item.external_id: (clean(item.metadata.get("from")), item.metadata.get("checks") or {})
        for item in items
        if item.kind == "message"
    }
