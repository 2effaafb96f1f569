"""Decides which items to read, fetches their bytes, and lets a parser read them."""

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
from syncjobs.parsers.frames import pack
from syncjobs.parsers.parser_tasks import parts_from, reading_from
from syncjobs.parsers.pool import TenantParsers
from syncjobs.sources import SOURCES, sender_checks
from syncjobs.sources.items import Item, clean, speaks_of_money

LARGEST_LEDGER = 48 * 1024 * 1024
LARGEST_DOCUMENT = 16 * 1024 * 1024
NAME_BYTES = 180
NOTE = 1_000  # characters of an item's note
HELD = "Its rows were not imported: {why}. If you know that the file is right, import it yourself."
WHY_HELD = {
    "failed": "the mail failed the check of its sender's domain",
    "unverified": "nothing proves who sent the mail",
}
Senders = dict[str, tuple[str, dict[str, str]]]


@dataclass
class Content:
    """An item, and the result of reading its content.

    Until they are saved, `path` holds the item's bytes and `parts` the rows of a ledger file.
    `failed` means that reading failed and that a later sync may try again.
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
    """Return whether the item's content may be books, or contain an amount, a reference or a
    party."""
    if item.trouble:
        return False
    if item.kind == "message":
        return item.text is not None or item.unread or speaks_of_money(item)
    return holds_ledger(item) or document_text.is_readable(item.name)


def holds_ledger(item: Item) -> bool:
    """Return whether the item's name is the name of a ledger file."""
    return item.kind != "message" and is_ledger(item.name)


def listed(item: Item) -> Content:
    """The content of an item that is not read: the item is stored as the provider listed it. If the
    item's own listing could not be read (`item.trouble`), the content is unreadable with that
    reason."""
    return unreadable(item, item.trouble, failed=item.passing) if item.trouble else Content(item)


async def fetched(nango: Nango, item: Item, folder: Path) -> Content:
    """Write the item's bytes into a file of the folder and return the content.

    An item that is too large is returned as unreadable. Raises Transient and Permanent.
    """
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
    """The item's name as a valid file name. Imported rows name it as their origin.

    File systems allow 255 bytes; NAME_BYTES leaves room for the longer name of the rejects file.
    """
    if item.kind == "message":
        return "message.txt"
    name = re.sub(r"[/\\\x00-\x1f]", "_", item.name).strip(". ")
    name = name.encode(errors="replace")[-NAME_BYTES:].decode(errors="ignore").strip(". ")
    return name or "unnamed"


async def read(
    parsers: TenantParsers, content: Content, senders: Senders, hints: Hints = NO_HINTS
) -> Content:
    """Read the item with a parser: the rows of a ledger file, or the facts of a document.

    A PDF with an e-invoice gives both. `hints` has the tenant's saved mappings and own accounts;
    the accounts tell sent invoices from bills. If the sender of a mail was not verified, its rows
    are held and not imported. So a stranger's mail never becomes a payment or an invoice by itself.

    Raises Unreadable, ParserFailed.
    """
    item, path = content.item, content.path
    if path is None:
        return content
    why = _why_held(item, senders)
    if holds_ledger(item):
        return _held(content, why) if why else await _read_ledger(parsers, content, path, hints)
    if item.kind != "message" and await _holds_invoice(parsers, path):
        content = _held(content, why) if why else await _read_ledger(parsers, content, path, hints)
    reading = await parsers.run(
        "read_document",
        settings.PARSERS["document_seconds"],
        path=str(path),
        html=content.media == "text/html" if item.kind == "message" else None,
        document=pack(_document(item, "", senders)),
    )
    content.reading = reading_from(reading)
    if content.reading is not None and content.used_as != ItemUse.HELD:
        content.used_as = ItemUse.EVENT
    return content


def _why_held(item: Item, senders: Senders) -> str:
    """The reason why rows of this item are not imported, or "" if they are."""
    if item.kind != "attachment" or settings.UNVERIFIED_BOOKS:
        return ""
    _, checks = _sender(item, senders)
    return WHY_HELD.get(sender_checks.sender_verdict(checks), "")


def _held(content: Content, why: str) -> Content:
    content.used_as, content.note = ItemUse.HELD, HELD.format(why=why)
    return content


async def _holds_invoice(parsers: TenantParsers, path: Path) -> bool:
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            return False
    seconds = settings.PARSERS["document_seconds"]
    return bool(await parsers.run("holds_invoice", seconds, path=str(path)))


async def _read_ledger(
    parsers: TenantParsers, content: Content, path: Path, hints: Hints
) -> Content:
    rows = path.with_name("rows.jsonl")
    parts = await parsers.run(
        "read_ledger",
        settings.PARSERS["ledger_seconds"],
        path=str(path),
        into=str(rows),
        most_bytes=settings.PARSERS["unpacked_mb"] * 2**20,
        known={
            "own": sorted(hints.own),
            "saved": {layout: pack(each) for layout, each in hints.saved.items()},
            "usual": dict(hints.usual),
        },
    )
    content.parts = parts_from(rows, parts)
    return content


def _document(item: Item, text: str, senders: Senders) -> Document:
    sender, checks = _sender(item, senders)
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
            **(
                {"sender": sender_checks.sender_verdict(checks), "checks": checks}
                if of_mail
                else {}
            ),
        },
    )


def _sender(item: Item, senders: Senders) -> tuple[str, dict[str, str]]:
    """The sender of the item's mail, and the results of the provider's checks of that sender.

    An attachment that is read again without its mail has the sender "" and the checks that were
    stored with it.
    """
    alone = ("", item.metadata.get("checks") or {})
    return senders.get(item.parent_id or item.external_id, alone)


def _moment(item: Item) -> datetime:
    """The item's own date. An item without a date, or with one in the future, gets the current
    time."""
    now = datetime.now(UTC)
    return min(item.modified_at or now, now)


def senders_of(items: Iterable[Item]) -> Senders:
    """For each message among the items: its external_id → (the sender, the results of the
    provider's checks of the sender). An attachment is looked up by its `parent_id`."""
    return {
        item.external_id: (clean(item.metadata.get("from")), item.metadata.get("checks") or {})
        for item in items
        if item.kind == "message"
    }
