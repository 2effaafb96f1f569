"""Stores documents: an event for each, its sender's entity, and its link."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.database.bulk import AS_USUAL, alone, bulk_or_loops
from graph.ingest.documents.document_facts import UNFIT, Reading
from graph.ingest.ledger_rows import TEXT_LIMIT
from graph.ingest.store.document_links import link
from graph.ingest.store.identity import identity, normalized
from graph.ingest.store.request_enrichment import books_changed

COLUMNS = (
    "external_id, kind, transaction_ref, occurred_at, amount, currency, document_ref, due_on, "
    "party_name, party_normalized, party_identity, party_keys, description, data, provenance, "
    "content_hash"
)
STEPS = (
    "documents/staged",
    "documents/entities",
    "documents/unmatch",
    "documents/events",
    "documents/matches",
    "resolution/follow",
    "documents/revived",
    "documents/withdrawn",
)
SNIPPET = 300  # characters of the text that are stored; the whole text is not


@dataclass(slots=True)
class Counts:
    """The numbers of stored documents by result. The first number is the sum of the next three.

    `linked` counts the documents that were linked now, including those that are at their provider
    again.
    """

    documents_in: int = 0
    documents_stored: int = 0
    documents_updated: int = 0
    documents_unchanged: int = 0
    linked: int = 0


def store(
    connection: BaseDatabaseWrapper,
    user_id: UUID,
    source: str,
    platform: str,
    readings: Iterable[Reading],
) -> Counts:
    """Store the documents of one source and link them. Must be called in the tenant's transaction.

    If several have the same external_id, the last one counts. The caller must `retract` documents
    that no longer contain any facts.
    """
    rows = {reading.document.external_id: _values(reading, source) for reading in readings}
    if not rows:
        return Counts()
    values: dict[str, Any] = {"user_id": user_id, "source": source, "platform": platform}
    with connection.cursor() as cursor:
        alone(cursor, user_id)
        cursor.execute(sql.read("documents/incoming"))
        _copy(connection, rows.values())
        cursor.execute("ANALYZE incoming_documents (external_id)")
        bulk_or_loops(cursor, len(rows))
        for step in STEPS:
            cursor.execute(sql.read(step), values)
        counts, changed = _outcome(cursor)
        cursor.execute(AS_USUAL)
        if changed:
            books_changed(cursor, user_id)
    counts.linked += link(connection, user_id, changed)
    return counts


def retract(
    connection: BaseDatabaseWrapper, user_id: UUID, source: str, external_ids: Sequence[str]
) -> int:
    """Soft-delete the receipts of documents that are gone at their provider; return their number.

    The events stay without a link until they are stored again. Must be called in the tenant's
    transaction.
    """
    if not external_ids:
        return 0
    values: dict[str, Any] = {"user_id": user_id, "source": source}
    values["external_ids"] = list(external_ids)
    with connection.cursor() as cursor:
        alone(cursor, user_id)
        cursor.execute(sql.read("documents/gone"), values)
        cursor.execute(sql.read("documents/gone_receipts"), values)
        retracted: int = cursor.rowcount
        if retracted:
            books_changed(cursor, user_id)
        return retracted


def _copy(connection: BaseDatabaseWrapper, rows: Iterable[tuple[object, ...]]) -> None:
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY incoming_documents ({COLUMNS}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _outcome(cursor: CursorWrapper) -> tuple[Counts, list[UUID]]:
    """Return the counts, and the ids of the events that may be linked now."""
    cursor.execute(sql.read("documents/counts"))
    stored_count, updated, unchanged, back, changed = cursor.fetchone()
    total = stored_count + updated + unchanged
    return Counts(total, stored_count, updated, unchanged, back), changed or []


def _values(reading: Reading, source: str) -> tuple[object, ...]:
    document, party = reading.document, reading.party
    facts = (
        document.kind,
        document.occurred_at.isoformat(),
        reading.amount and str(reading.amount),
        reading.currency if reading.amount else None,
        reading.reference and reading.reference.number,
        reading.due_on and reading.due_on.isoformat(),
        party.name if party else "",
        _json(dict(party.keys) if party else {}),
        _clean(document.name)[:TEXT_LIMIT],
        _json(_data(reading)),
    )
    kind, at, amount, currency, number, due_on, name, keys, subject, data = facts
    return (
        document.external_id,
        kind,
        f"{source} {document.external_id}",
        at,
        amount,
        currency,
        number,
        due_on,
        name,
        normalized(name) if party else "",
        identity(party) if party else "",
        keys,
        subject,
        data,
        _json([{"file": document.name[:TEXT_LIMIT], "url": document.url, **document.metadata}]),
        blake2b(repr(facts).encode(), digest_size=16).hexdigest(),
    )


def _data(reading: Reading) -> dict[str, Any]:
    """Return a snippet of the text, and all candidates for its amount and number, for a person to
    see."""
    return {
        "snippet": " ".join(reading.document.text[: 2 * SNIPPET].split())[:SNIPPET],
        "amounts": [
            {"amount": str(amount.value), "currency": amount.currency, "rank": amount.rank}
            for amount in reading.amounts
        ],
        "references": [
            {"kind": reference.kind, "number": reference.number} for reference in reading.references
        ],
    }  # fmt: skip


def _json(value: object) -> str:
    return json.dumps(_fit(value), ensure_ascii=False, default=str)


def _fit(value: object) -> object:
    """Return the value as JSON that PostgreSQL can store."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, dict):
        return {_clean(str(name)): _fit(inner) for name, inner in value.items()}
    return [_fit(inner) for inner in value] if isinstance(value, list | tuple) else value


def _clean(text: str) -> str:
    return text.translate(UNFIT)
