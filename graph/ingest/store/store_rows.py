"""Stores ledger rows in one transaction per file: all rows or none."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.database.bulk import AS_USUAL, IN_BULK, LOOPED, alone
from graph.database.tenancy import tenant_transaction
from graph.ingest.doubts import Doubt
from graph.ingest.ledger_rows import LedgerRow, Party, Reject
from graph.ingest.row_keys import external_id
from graph.ingest.store.already_imported import ACCOUNTS, reconcile
from graph.ingest.store.document_links import link
from graph.ingest.store.identity import identity
from graph.ingest.store.request_enrichment import books_changed
from graph.ingest.store.same_bookings import settle
from graph.ingest.store.turned_signs import warnings as turned_signs

COLUMNS = (
    "line, external_id, publication, transaction_ref, occurred_at, precision, amount, currency, "
    "payer_kind, payer_name, payer_identity, payer_keys, "
    "payee_kind, payee_name, payee_identity, payee_keys, "
    "document_ref, due_on, description, data, records, balance, confidence, reason"
)
STEPS = (
    "ingest/staged",
    "ingest/entities",
    "ingest/final",
    "ingest/known_content",
    "ingest/known_file",
    "ingest/unmatch",
    "ingest/events",
    "ingest/update_events",
    "ingest/records",
    "ingest/matches",
    "resolution/follow",
    "ingest/relationships",
    "ingest/turn_relationships",
    "ingest/deltas",
    "ingest/created",
    "ingest/provenance",
)


@dataclass(slots=True)
class Stored:
    """The numbers of a file's rows by result. rows_in is always the sum of the others."""

    rows_in: int = 0
    rows_stored: int = 0
    rows_updated: int = 0
    rows_unchanged: int = 0
    rows_rejected: int = 0


@dataclass(frozen=True, slots=True)
class Books:
    """The tenant and the source of the rows to store.

    `publication` are the columns that say where a row was published; they are stored as provenance,
    not data. `by_content` means that the rows' keys are made of their content (KeyRule.content).
    `is_stated` means that a column, the file or a person says whose account it is. `is_rest` means
    that the other rows of the file are stored already, so no stored row is one of these. `doubts`
    collects what storing is not sure of. `upload` is the key of the upload that brings the rows,
    "" if a program does.
    """

    user_id: UUID
    source: str
    platform: str
    file: str
    publication: tuple[str, ...]
    by_content: bool = False
    is_stated: bool = False
    is_rest: bool = False
    doubts: list[Doubt] = field(default_factory=list)
    upload: str = ""
    parameters: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        values = {
            "user_id": self.user_id,
            "source": self.source,
            "platform": self.platform,
            "file": self.file,
            "upload": self.upload,
        }
        object.__setattr__(self, "parameters", values)


def store(
    books: Books,
    rows: Iterable[LedgerRow | Reject],
    rejected: Any,
    warn: Callable[[str], object] | None = None,
) -> Stored:
    """Store the rows and return the counts. `rejected` is called with each Reject.

    `warn` is called with a sentence for rows that may be known from another source, and for a
    change of signs in the books.
    """
    counts, told = Stored(), list[str]()
    with tenant_transaction(books.user_id) as connection, connection.cursor() as cursor:
        alone(cursor, books.user_id)
        cursor.execute(sql.read("ingest/incoming"))
        _copy(connection, (_values(row, books) for row in _accepted(rows, rejected, counts)))
        cursor.execute("ANALYZE incoming (external_id)")
        _reconcile(cursor, books)
        if counts.rows_in - counts.rows_rejected > LOOPED:
            cursor.execute(IN_BULK)
        settled = settle(cursor, books.parameters, is_whole=not books.is_rest)
        for step in STEPS:
            cursor.execute(sql.read(step), books.parameters)
        cursor.execute(sql.read("ingest/counts"))
        counts.rows_stored, counts.rows_updated, counts.rows_unchanged = cursor.fetchone()
        counts.rows_unchanged += settled.known
        if counts.rows_stored or counts.rows_updated:
            link(connection, books.user_id)
            books_changed(cursor, books.user_id)
            told = turned_signs(cursor, books.parameters)
        cursor.execute(sql.read("ingest/dropped"))
        cursor.execute(AS_USUAL)
    if warn is not None:
        for doubt in (*settled.doubts, *told):
            warn(doubt)
    return counts


def _reconcile(cursor: CursorWrapper, books: Books) -> None:
    if books.by_content and books.is_rest:
        cursor.execute(sql.read("ingest/reused_ids"), books.parameters)
    elif books.by_content:
        is_account = books.platform in ACCOUNTS
        books.doubts.extend(
            reconcile(cursor, books.parameters, is_account=is_account, is_stated=books.is_stated)
        )


def _accepted(
    rows: Iterable[LedgerRow | Reject], rejected: Any, counts: Stored
) -> Iterator[LedgerRow]:
    for row in rows:
        counts.rows_in += 1
        if isinstance(row, Reject):
            counts.rows_rejected += 1
            rejected(row)
        else:
            yield row


def _copy(connection: BaseDatabaseWrapper, rows: Iterator[tuple[object, ...]]) -> None:
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY incoming ({COLUMNS}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _values(row: LedgerRow, books: Books) -> tuple[object, ...]:
    return (
        row.line,
        external_id(row),
        row.publication,
        row.transaction_ref,
        row.occurred_at.isoformat(),
        row.precision,
        row.amount,
        row.currency,
        *_party(row.payer),
        *_party(row.payee),
        row.document_ref,
        row.due_on and row.due_on.isoformat(),
        row.description or "",
        json.dumps(
            {name: text for name, text in row.data.items() if name not in books.publication},
            ensure_ascii=False,
        ),
        row.records,
        row.balance,
        row.confidence,
        row.reason,
    )


def _party(party: Party) -> tuple[str, str, str, str]:
    keys = json.dumps(dict(party.keys), ensure_ascii=False) if party.keys else "{}"
    return party.kind, party.name, identity(party), keys
