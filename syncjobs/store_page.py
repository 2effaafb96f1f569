"""Stores a source's pages in the tenant's tables: the items, and the contents that were read from
them.

A page's items and the cursor after it are committed in one transaction. A sync that is killed
therefore neither repeats nor skips anything.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from graph.database.tenancy import tenant_transaction
from graph.ingest.documents.document_facts import Reading
from graph.ingest.store import store_documents
from syncjobs import sql
from syncjobs.item_contents import Content
from syncjobs.models.choices import ItemUse
from syncjobs.run_state import Claim, Save
from syncjobs.sources.items import Item, Page, settled

TRIES = 3  # failed readings of an item before it is quarantined
AGAIN = 50  # previously failed items that one sync reads again
LONGEST_ID = 2_000  # bytes of an id, because index entries have a size limit


@dataclass
class Effects:
    """What a page changes in the stored items. `gone` has the ids to delete, and `below` the
    prefixes of further ids to delete. `same` has the ids of unchanged items, `fresh` the new and
    changed items. `skipped` is the number of items that cannot be stored."""

    gone: set[str]
    below: set[str]
    same: list[str]
    fresh: list[Item]
    skipped: int = 0


@dataclass
class Part:
    """What one save writes: the contents of some items. `end` is the page if this is its last save,
    else None."""

    contents: Sequence[Content] = ()
    effects: Effects | None = None
    end: Page | None = None
    generation: str = ""
    counts: dict[str, int] = field(default_factory=dict)


def effects(claim: Claim, page: Page) -> Effects:
    """Compare the page with the stored items and return what it changes."""
    result = settled(page.items)
    fit = {key: item for key, item in result.upserts.items() if len(key.encode()) <= LONGEST_ID}
    digests = _known(claim, list(fit))
    same = [key for key, item in fit.items() if digests.get(key) == digest(item)]
    unchanged = set(same)
    return Effects(
        gone=result.gone,
        below=result.gone_below,
        same=same,
        fresh=[item for key, item in fit.items() if key not in unchanged],
        skipped=page.skipped + len(result.upserts) - len(fit),
    )


def _known(claim: Claim, ids: list[str]) -> dict[str, str]:
    parameters: dict[str, Any] = {"connection": claim.connection_id, "ids": ids}
    with tenant_transaction(claim.user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("items/known"), parameters)
        return dict(cursor.fetchall())


def due_again(claim: Claim) -> list[Item]:
    """The stored items that earlier syncs could not read, at most AGAIN of them. Quarantined items
    are left out."""
    parameters: dict[str, Any] = {"connection": claim.connection_id, "limit": AGAIN}
    with tenant_transaction(claim.user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("items/due_again"), parameters)
        return [
            Item(
                key,
                kind,
                name,
                modified_at,
                metadata=json.loads(metadata),
                parent_id=parent,
                stored_digest=stored_digest,
            )
            for key, kind, name, modified_at, metadata, parent, stored_digest in cursor.fetchall()
        ]


def digest(item: Item) -> str:
    """A hash of the columns in which the item is stored. Two items with equal digests need no
    update."""
    if item.stored_digest:
        return item.stored_digest
    columns = [
        item.kind,
        item.name,
        item.parent_id or "",
        item.modified_at.isoformat() if item.modified_at else "",
        item.content_hash or "",
        item.metadata,
    ]
    return hashlib.blake2b(json.dumps(columns, sort_keys=True).encode(), digest_size=16).hexdigest()


def save(connection: BaseDatabaseWrapper, state: Save, claim: Claim, part: Part) -> None:
    """Save one part of a page, in the fenced transaction of `connection`."""
    counts = dict(part.counts)
    removed: set[str] = set()
    if part.effects is not None:
        removed |= _gone(connection, claim, part.effects)
        _seen(connection, claim, part)
        counts["skipped"] = part.effects.skipped
    _items(connection, claim, part)
    _events(connection, claim, part, counts)
    counts["items"] = len(part.contents)
    if part.end is not None:
        removed |= _ended(connection, state, claim, part.end)
        counts["pages"] = 1
    counts["deleted"] = len(removed)
    silent = {
        content.item.external_id
        for content in part.contents
        if (content.path or content.used_as == ItemUse.UNREADABLE)
        and not content.reading
        and not content.failed
    }
    store_documents.retract(connection, claim.user_id, source_of(claim), sorted(removed | silent))
    state.progress = added(state.progress, counts)


def added(progress: dict[str, Any], counts: dict[str, int]) -> dict[str, Any]:
    """Return `progress` with each count added to the number of the same name."""
    total = {name: progress.get(name, 0) + count for name, count in counts.items() if count}
    return {**progress, **total}


def source_of(claim: Claim) -> str:
    """The name of the source under which a connection's mail and files are stored as events."""
    return f"{claim.provider}.{claim.connection_id}"


def _gone(connection: BaseDatabaseWrapper, claim: Claim, changes: Effects) -> set[str]:
    """Delete the stored items that the page deletes. Return their ids, without those that the page
    lists again."""
    if not changes.gone and not changes.below:
        return set()
    prefixes = sorted(changes.below)
    parameters: dict[str, Any] = {
        "connection": claim.connection_id,
        "ids": sorted(changes.gone),
        "from": prefixes,
        "to": [prefix[:-1] + chr(ord(prefix[-1]) + 1) for prefix in prefixes],
    }
    back = {*changes.same, *(item.external_id for item in changes.fresh)}
    return _returned(connection, "items/gone", parameters) - back


def _seen(connection: BaseDatabaseWrapper, claim: Claim, part: Part) -> None:
    if part.effects is None or not part.effects.same:
        return
    parameters: dict[str, Any] = {
        "connection": claim.connection_id,
        "ids": part.effects.same,
        "generation": part.generation,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.read("items/seen"), parameters)


def _items(connection: BaseDatabaseWrapper, claim: Claim, part: Part) -> None:
    if not part.contents:
        return
    parameters: dict[str, Any] = {
        "user_id": claim.user_id,
        "connection": claim.connection_id,
        "generation": part.generation,
        "tries": TRIES,
        "items": json.dumps([_row(content) for content in part.contents]),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.read("items/saved"), parameters)


def _row(content: Content) -> dict[str, Any]:
    item = content.item
    return {
        "external_id": item.external_id,
        "kind": item.kind,
        "name": item.name,
        "parent_id": item.parent_id or "",
        "modified_at": item.modified_at.isoformat() if item.modified_at else None,
        "metadata": item.metadata,
        "content_hash": digest(item),
        "used_as": content.used_as.value,
        "note": content.note,
        "failed": content.failed,
    }


def _events(
    connection: BaseDatabaseWrapper, claim: Claim, part: Part, counts: dict[str, int]
) -> None:
    readings: list[Reading] = [content.reading for content in part.contents if content.reading]
    if readings:
        store_documents.store(connection, claim.user_id, source_of(claim), claim.provider, readings)
    counts["events"] = len(readings)
    for use, name in (
        (ItemUse.LEDGER, "ledgers"),
        (ItemUse.HELD, "held"),
        (ItemUse.UNREADABLE, "unreadable"),
    ):
        counts[name] = sum(content.used_as == use for content in part.contents)


def _ended(connection: BaseDatabaseWrapper, state: Save, claim: Claim, page: Page) -> set[str]:
    """Store the cursor after the page. After the last page of a full sync, delete the items that it
    did not list and return their ids."""
    state.move(page.cursor)
    if not (page.full and page.last):
        return set()
    parameters: dict[str, Any] = {"connection": claim.connection_id, "generation": page.generation}
    return _returned(connection, "items/unseen", parameters)


def _returned(connection: BaseDatabaseWrapper, name: str, parameters: dict[str, Any]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql.read(name), parameters)
        return {external_id for (external_id,) in cursor.fetchall()}


def cursor_lost(connection: BaseDatabaseWrapper, state: Save) -> None:
    """Delete the connection's cursor, so that the next page is the first of a full sync."""
    state.move(None)
    state.progress = added(state.progress, {"cursors_lost": 1})
