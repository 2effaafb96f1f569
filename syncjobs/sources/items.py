"""What a source yields: items in pages, each page with a cursor that is safe to store after it.

A page is saved in one transaction with its cursor. `settled(page.items)` says what to delete and
then what to upsert. Each upserted item is stamped with `page.generation` if that is not empty.
After the last page of a full sync, an item with another stamp is gone at the provider too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from syncjobs.errors import Transient

Kind = Literal["message", "file", "attachment"]
Cursor = dict[str, Any]

_MONEY_WORDS = re.compile(
    r"invoice|receipt|bill|payment|paid|order|statement|credit|refund|remittance|due|amount|"
    r"rechnung|zahlung|gutschrift|facture|paiement|factura|pago|[£$€]|\b(?:GBP|EUR|USD)\b",
    re.IGNORECASE,
)
# Characters that PostgreSQL's text and jsonb refuse: NUL and lone surrogates.
_UNFIT = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@dataclass(frozen=True)
class Item:
    """A message, file or attachment at a provider, in its current state.

    `external_id` is unique within its connection. `below`: before this item is stored, every stored
    item whose external_id starts with this text is deleted (a deleted folder's files, a deleted
    message's attachments). `text`: a text that came with the listing, of the type `media`
    (text/plain or text/html). `content` then needs no request. The text is never stored. `unread`:
    the item's text was too long for the listing. `trouble`: why the provider's response about the
    item cannot be read. `passing`: a later sync may be able to read it. `stored_digest`: set for an
    item that comes from the table instead of the provider.
    """

    external_id: str
    kind: Kind
    name: str = ""
    modified_at: datetime | None = None
    content_hash: str | None = None
    deleted: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    parent_id: str | None = None
    below: str | None = None
    text: str | None = field(default=None, repr=False, compare=False)
    media: str = field(default="text/plain", compare=False)
    unread: bool = field(default=False, compare=False)
    trouble: str = ""
    passing: bool = False
    stored_digest: str = field(default="", compare=False)


@dataclass(frozen=True)
class Page:
    """One page of a listing, with the cursor after it. `full` means that the page is part of a full
    sync, whose name is `generation`. `skipped` is the number of entries without an id."""

    items: list[Item]
    cursor: Cursor
    last: bool
    full: bool
    generation: str = ""
    skipped: int = 0


def speaks_of_money(message: Item) -> bool:
    """Return whether the message's subject or snippet mentions money."""
    return bool(_MONEY_WORDS.search(f"{message.name} {message.metadata.get('snippet', '')}"))


@dataclass
class Settled:
    """The changes of a page by id. To apply them, delete the ids `gone` and all ids that start with
    a text of `gone_below`, then upsert `upserts`."""

    gone: set[str] = field(default_factory=set)
    gone_below: set[str] = field(default_factory=set)
    upserts: dict[str, Item] = field(default_factory=dict)


def settled(items: Iterable[Item]) -> Settled:
    """Sum up the items of a page so that only the last change of each id counts. Takes O(n log n)
    comparisons for n items."""
    result = Settled()
    last: dict[str, tuple[int, Item]] = {}  # id → the position of its last item, and that item
    removals: dict[str, int] = {}  # prefix → position of the last item that removes below it
    for place, item in enumerate(items):
        last.pop(item.external_id, None)
        last[item.external_id] = place, item
        if item.below is not None:
            removals[item.below] = place
        if item.deleted:
            result.gone.add(item.external_id)
    result.gone_below = set(removals)
    removed_at = _removed_at(removals, last)
    for key, (place, item) in last.items():
        if not item.deleted and removed_at[key] <= place:
            result.upserts[key] = item
    return result


def _removed_at(removals: Mapping[str, int], ids: Iterable[str]) -> dict[str, int]:
    """For each id, the last position in `removals` (prefix → position) of a prefix with which the
    id starts; -1 if there is none.

    In sorted order, all texts that start with a prefix follow it directly. So one pass with a stack
    of the open prefixes is enough.
    """
    removed: dict[str, int] = {}
    open_prefixes: list[tuple[str, int]] = []
    texts = [*((prefix, False) for prefix in removals), *((key, True) for key in ids)]
    for text, is_id in sorted(texts):
        while open_prefixes and not text.startswith(open_prefixes[-1][0]):
            open_prefixes.pop()
        place = open_prefixes[-1][1] if open_prefixes else -1
        if is_id:
            removed[text] = place
        else:
            open_prefixes.append((text, max(place, removals[text])))
    return removed


def clean(value: object) -> str:
    """The text without characters that PostgreSQL refuses, or the digits of a number. "" for any
    other value."""
    if isinstance(value, str):
        return value.translate(_UNFIT)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def write(into: Path, text: str) -> None:
    """Write a message's body to a file for its parser. The text is short, so this is quick."""
    into.write_text(text, encoding="utf-8", errors="replace")


def listed(body: Mapping[str, Any], key: str, title: str) -> list[dict[str, Any]]:
    """The list of objects under `key`, or [] if the key is missing. Raises Transient for another
    type."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Transient(f"{title} sent JSON of an unexpected shape: {key!r} is no list of objects.")
    return value


def needed(body: Mapping[str, Any], key: str, title: str) -> str:
    """The text or number under `key`, as text. Raises Transient if the key is missing."""
    if text := clean(body.get(key)):
        return text
    raise Transient(f"{title} sent JSON of an unexpected shape: it has no {key!r}.")


def whole(value: object) -> int | None:
    """A whole number, which may be written as text; None if it is not one."""
    if not isinstance(value, int | str) or isinstance(value, bool):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def of_milliseconds(value: object) -> datetime | None:
    """A timestamp from milliseconds since 1970; None if the value is not one."""
    number = whole(value)
    try:
        return None if number is None else datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def of_rfc3339(value: object) -> datetime | None:
    """A timestamp from RFC 3339 text; None if the text is not one."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None
