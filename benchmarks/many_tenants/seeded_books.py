"""Generates seeded books of many tenants as columns, and writes them by COPY.

Everything depends on the seed: ids, amounts, who pays whom. As in real books, a few entities take
part in most of the payments. All nine layers have rows, each for its share of the relationships.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Cursor
from psycopg.sql import SQL, Identifier
from pyarrow import csv

from graph.engine.columns import uuid_texts

EDITION = 1  # increases when the same seed gives other rows
CHUNK = 100_000  # relationships
DAY = np.datetime64("2020-01-01")
Index = npt.NDArray[np.int64]
Columns = dict[str, pa.Array]
FREQUENCIES = ("weekly", "monthly", "quarterly", "yearly")
REASONS = tuple(f"one row of the ledger, rule {n}" for n in range(40))


@dataclass(frozen=True)
class Books:
    """The books of all tenants. `sizes` has each tenant's number of relationships; for every ten of
    these there is one entity, and at least two."""

    sizes: Index
    seed: int

    @property
    def edges(self) -> int:
        return int(self.sizes.sum())

    def tenants(self) -> list[UUID]:
        return [UUID(text) for text in self.ids("tenant", np.arange(len(self.sizes))).to_pylist()]

    def ids(self, kind: str, numbers: Index) -> pa.Array:
        """The uuids, as texts, of the rows of this kind with these numbers. Each consists of 128
        bits computed from the seed, the kind and the number."""
        salt = np.uint64(int.from_bytes(f"{kind}{self.seed}".encode()[-8:].ljust(8), "little"))
        low = _mixed(numbers.astype(np.uint64) + salt)
        octets = np.column_stack([low, _mixed(low ^ salt)]).tobytes()
        return uuid_texts(
            pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(16), len(numbers), [None, pa.py_buffer(octets)]
            )
        )

    def part(self, kind: str, numbers: Index) -> npt.NDArray[np.float64]:
        """For each row a pseudo-random number from 0 to 1, which depends on seed, kind and row."""
        salt = np.uint64(int.from_bytes(f"{kind}.{self.seed}".encode()[-8:].ljust(8), "little"))
        return (_mixed(numbers.astype(np.uint64) * np.uint64(3) + salt) >> np.uint64(11)) / 2.0**53

    def places(self, share: int, least: int = 1) -> tuple[Index, Index]:
        """For each tenant, the number of the first row and the number of rows, for a kind of which
        there is one row per `share` relationships, and at least `least`."""
        count = np.maximum(self.sizes // share, least)
        return np.cumsum(count) - count, count

    def shared(self) -> Iterator[tuple[str, Columns]]:
        """Yield (table, columns) for the rows that relationships share: entities and patterns."""
        yield "normalized_entities", self._entities()
        yield "temporal_patterns", self._temporal()
        yield "seasonal_patterns", self._seasonal()
        yield "relationship_patterns", self._patterns()

    def related(self) -> Iterator[tuple[str, Columns]]:
        """Yield (table, columns) for events, matches, relationships and facts, in pieces."""
        for start in range(0, self.edges, CHUNK):
            n = np.arange(start, min(start + CHUNK, self.edges))
            tenant = np.searchsorted(np.cumsum(self.sizes), n, side="right")
            for side in (0, 1):
                yield "raw_events", self._events(n, tenant, side)
                yield "entity_matches", self._matches(n, tenant, side)
            yield "relationship_instances", self._relationships(n, tenant)
            for table, mask, columns in self._facts(n):
                rows = n[mask]
                yield (
                    table,
                    self._row(table, rows, tenant[mask])
                    | {"relationship_id": self.ids("relationship", rows)}
                    | columns,
                )

    def _row(self, kind: str, n: Index, tenant: Index) -> Columns:
        return {"id": self.ids(kind, n), "user_id": self.ids("tenant", tenant)}

    def _pieces(self, share: int, least: int = 1) -> tuple[Index, Index]:
        """For each row of such a kind (see `places`): its number, and the number of its tenant."""
        _, count = self.places(share, least)
        return np.arange(count.sum()), np.repeat(np.arange(len(count)), count)

    def _entities(self) -> Columns:
        n, tenant = self._pieces(10, 2)
        names = _numbered("Party ", n)
        kind = _choice(("department", *["vendor"] * 19), n)
        return self._row("entity", n, tenant) | {"kind": kind, "name": names, "identity": names}

    def _temporal(self) -> Columns:
        n, tenant = self._pieces(20)
        return self._row("temporal", n, tenant) | {
            "key": _numbered("", n),
            "recurrence_score": pa.array(self.part("recurrence", n)),
            "recurrence_frequency": _choice(FREQUENCIES, n),
            "last_occurrence": pa.array(_days(n % 1400)),
            "next_predicted_occurrence": pa.array(_days(30 + n % 1400)),
        }

    def _seasonal(self) -> Columns:
        n, tenant = self._pieces(50)
        months = [f"{{{1 + i},{1 + (i + 1) % 12}}}" for i in range(12)]
        return self._row("seasonal", n, tenant) | {
            "key": _numbered("", n),
            "seasonal_strength": pa.array(self.part("season", n)),
            "seasonal_months": _choice(months, n),
        }

    def _patterns(self) -> Columns:
        n, tenant = self._pieces(1_000)
        return self._row("pattern", n, tenant) | {
            "key": _numbered("", n),
            "pattern_name": _numbered("Pattern ", n),
            "pattern_confidence": pa.array(self.part("fit", n)),
        }

    def _events(self, n: Index, tenant: Index, side: int) -> Columns:
        amount = np.round(100 + 999_900 * self.part("amount", n)).astype(np.int64) * (2 * side - 1)
        return self._row(f"event{side}", n, tenant) | {
            "source": _choice(("benchmark",), n),
            "platform": _choice(("ledger",), n),
            "external_id": _numbered("", n),
            "posting": pa.array(np.full(len(n), side + 1)),
            "transaction_ref": _numbered("T", n),
            "occurred_at": pa.array(_days(n % 1500)),
            "amount": pa.array(amount / 100),
            "currency": _choice(("GBP",), n),
            "document_ref": _where(n % 2 == 0, _numbered("INV-", n // 3)),
        }

    def _matches(self, n: Index, tenant: Index, side: int) -> Columns:
        first, count = (of_tenants[tenant] for of_tenants in self.places(10, 2))
        entity = first + np.floor(count * self.part(f"end{side}", n) ** 2).astype(np.int64)
        return self._row(f"match{side}", n, tenant) | {
            "event_id": self.ids(f"event{side}", n),
            "entity_id": self.ids("entity", entity),
            "confidence": pa.array(np.ones(len(n))),
        }

    def _relationships(self, n: Index, tenant: Index) -> Columns:
        link = n % 10 == 9
        return self._row("relationship", n, tenant) | {
            "source_event_id": self.ids("event0", n),
            "target_event_id": self.ids("event1", n),
            "relationship_type": _pick(link, "settles", "payment"),
            "edge_class": _pick(link, "link", "flow"),
            "confidence_score": pa.array(self.part("confidence", n)),
            "detection_method": _pick(link, "same document", "ledger row"),
            "reason": _choice(REASONS, n),
            "temporal_pattern_id": self._pattern("temporal", n, tenant, 20, n % 2 == 0),
            "seasonal_pattern_id": self._pattern("seasonal", n, tenant, 50, n % 3 == 0),
            "pattern_id": self._pattern("pattern", n, tenant, 1_000, n % 4 != 0),
        }

    def _pattern(
        self, kind: str, n: Index, tenant: Index, share: int, has: npt.NDArray[np.bool_]
    ) -> pa.Array:
        first, count = (of_tenants[tenant] for of_tenants in self.places(share))
        return _where(has, self.ids(kind, first + n % count))

    def _facts(self, n: Index) -> Iterator[tuple[str, npt.NDArray[np.bool_], Columns]]:
        """Yield (table, mask, columns) for each layer that is about one relationship. The mask says
        which of the relationships `n` have a row."""
        yield from self._explanations(n)
        both = np.ones(len(n), bool)
        yield (
            "cross_platform_relationships",
            both,
            {"platform_sources": _choice(("{ledger}", "{card,ledger}"), n)},
        )
        predicted = n % 10 == 0
        yield "predicted_relationships", predicted, self._prediction(n[predicted])
        yield from self._changes(n)

    def _explanations(self, n: Index) -> Iterator[tuple[str, npt.NDArray[np.bool_], Columns]]:
        causal, root = n % 5 != 0, n % 20 == 0
        yield (
            "causal_relationships",
            causal,
            {
                "causal_score": pa.array(self.part("cause", n[causal])),
                "causal_direction": _choice(("forward", "forward", "backward", "both"), n[causal]),
            },
        )
        yield (
            "root_cause_analyses",
            root,
            {
                "root_cause_analysis": _numbered("It began with the late order ", n[root]),
                "confidence": pa.array(self.part("root", n[root])),
            },
        )

    def _changes(self, n: Index) -> Iterator[tuple[str, npt.NDArray[np.bool_], Columns]]:
        changed, duplicate = n % 25 == 0, n % 30 == 1
        yield (
            "event_delta_logs",
            changed,
            {
                "event_key": _numbered("benchmark ", n[changed]),
                "change_type": _choice(("created", "modified"), n[changed]),
            },
        )
        yield (
            "duplicate_transactions",
            duplicate,
            {
                "original_relationship_id": self.ids("relationship", n[duplicate] - 1),
                "duplicate_confidence": pa.array(self.part("duplicate", n[duplicate])),
            },
        )

    def _prediction(self, n: Index) -> Columns:
        return {
            "prediction_confidence": pa.array(self.part("prediction", n)),
            "prediction_reason": _choice(("monthly so far", "weekly so far"), n),
            "expected_from": pa.array(_days(1500 + n % 30)),
            "expected_to": pa.array(_days(1505 + n % 30)),
            "amount_low": pa.array(90 + n % 100),
            "amount_high": pa.array(110 + n % 200),
            "currency": _choice(("GBP",), n),
            "books_until": pa.array(_days(1499 + 0 * n)),
            "stale_from": pa.array(_days(1559 + n % 30)),
        }


def send(cursor: Cursor[tuple[object, ...]], table: str, columns: Mapping[str, pa.Array]) -> None:
    """Write the rows to the table by COPY."""
    text = BytesIO()
    csv.write_csv(pa.table(dict(columns)), text, csv.WriteOptions(include_header=False))
    names = SQL(", ").join(Identifier(name) for name in columns)
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(Identifier(table), names)
    with cursor.copy(statement) as copy:
        copy.write(text.getbuffer())


def _mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finalizer (Steele, Lea & Flood, 2014): a bijection of 64 bits."""
    z = numbers * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _days(n: Index) -> npt.NDArray[np.datetime64]:
    return DAY + n.astype("timedelta64[D]")


def _choice(words: tuple[str, ...] | list[str], n: Index) -> pa.Array:
    return pa.DictionaryArray.from_arrays(n % len(words), list(words)).dictionary_decode()


def _pick(first: npt.NDArray[np.bool_], yes: str, no: str) -> pa.Array:
    return _choice((no, yes), first.astype(np.int64))


def _where(has: npt.NDArray[np.bool_], values: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(has), values, None)


def _numbered(prefix: str, n: Index) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(n).cast(pa.string()), "")
