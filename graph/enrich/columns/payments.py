"""A tenant's payments as columns, the input of the detectors."""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from psycopg.sql import SQL, Literal

from graph import sql
from graph.database.arrow import tenant_snapshot
from graph.enrich.columns.taken_apart import NOTHING, TakenApart, of_links

Ints = NDArray[np.int64]
Texts = NDArray[Any]  # of str objects

ORDER = ("occurred_at", "source", "external_id", "relationship")
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
UNIT = 10_000  # amounts are whole numbers of 1/10,000 of their currency's unit


@dataclass(frozen=True, eq=False)
class Payments:
    """One row a payment: a flow from the payer's posting to the payee's, both resolved.

    relationship    its id, as text
    payer, payee    indexes into `entities`: who paid whom (a refund is a payment the other way)
    amount          in 1/10,000 of the currency's unit, never negative
    currency        an ISO code
    day             days since 1970-01-01 (UTC); precision: second, day, month or quarter
    source          whose books say it; platform: ledger, card, bank, …; external_id: the row's key
    document, transaction, description, due_day (-1: none)
                    as the payer's posting states them, "" for nothing
    payer_event, payee_event
                    the postings' ids, as text
    timestamp       seconds since 1970-01-01 (UTC); as exact as the precision says; None: not read
    records         what each row records, such as payment or obligation; None: not read
    apart           pairs of rows whose links people took apart
    Rows are in ORDER, so that results repeat.
    """

    relationship: Texts
    payer: Ints
    payee: Ints
    amount: Ints
    currency: Texts
    day: Ints
    precision: Texts
    source: Texts
    platform: Texts
    external_id: Texts
    document: Texts
    transaction: Texts
    description: Texts
    due_day: Ints
    payer_event: Texts
    payee_event: Texts
    entities: "Entities"
    timestamp: Ints | None = None
    records: Texts | None = None
    apart: TakenApart = NOTHING

    def __len__(self) -> int:
        return len(self.relationship)


@dataclass(frozen=True, eq=False, kw_only=True)
class Extended(Payments):
    """The payments `old` with the rows `new` inserted. `before` has, for each new row, the number
    of the old row before which it comes."""

    old: Payments
    new: Payments
    before: Ints


@dataclass(frozen=True, eq=False)
class Entities:
    """The parties of the payments, one per place. `keys` has each party's strong keys by kind."""

    id: Texts
    kind: Texts
    name: Texts
    keys: list[dict[str, str]]


def load(user_id: UUID) -> Payments:
    """Return the tenant's payments that are not deleted, read in one snapshot."""
    tenant = Literal(str(user_id))
    with tenant_snapshot(user_id, hashed=True) as reader:
        rows = reader.table(SQL(sql.read("enrich/payments")).format(user_id=tenant))
        parties = reader.table(SQL(sql.read("enrich/entities")).format(user_id=tenant))
        apart = reader.table(SQL(sql.read("enrich/taken_apart")).format(user_id=tenant))
    ordered = rows.take(pc.sort_indices(rows, [(name, "ascending") for name in ORDER]))
    timestamp = ordered["occurred_at"].cast(pa.int64())
    payments = _payments(ordered.drop_columns("occurred_at"), _entities(parties))
    links = [(row["type"], row["one"], row["other"]) for row in apart.to_pylist()]
    return replace(
        payments,
        timestamp=_numbers(timestamp) // _PER_SECOND[ordered["occurred_at"].type.unit],
        apart=of_links(links, (payments.payer_event, payments.payee_event)),
    )


def _entities(table: pa.Table) -> Entities:
    words = {name: texts(table[name]) for name in ("id", "kind", "name")}
    return Entities(**words, keys=[json.loads(keys) for keys in table["keys"].to_pylist()])


def _payments(table: pa.Table, entities: Entities) -> Payments:
    places = pa.array(entities.id)
    ends = {name: _places(table[name], places) for name in ("payer", "payee")}
    numbers = {name: _numbers(table[name]) for name in ("amount", "day", "due_day")}
    converted = {*ends, *numbers}
    words = {name: texts(table[name]) for name in table.column_names if name not in converted}
    columns: dict[str, Any] = {**ends, **numbers, **words}
    return Payments(**columns, entities=entities)


def _places(column: pa.ChunkedArray, places: pa.Array) -> Ints:
    return np.asarray(pc.index_in(column, value_set=places.cast(column.type)), dtype=np.int64)


def _numbers(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column, dtype=np.int64)


def texts(column: pa.ChunkedArray) -> Texts:
    """Return the Arrow column as a read-only array of strings. Equal strings are one object."""
    coded = column.combine_chunks().dictionary_encode()
    return fixed(np.asarray(coded.dictionary.to_pylist(), dtype=object)[np.asarray(coded.indices)])


def fixed(column: Texts) -> Texts:
    """Make the column read-only and return it. `grouping` then caches its codes."""
    column.flags.writeable = False
    return column
