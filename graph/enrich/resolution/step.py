"""Merges entities that are one party, and undoes merges. People's decisions override.

The state is a function of the books and of people's decisions. Everything is recomputed from the
entities that the matches originally named, so undoing a decision restores exactly the state before
it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.database.bulk import AS_USUAL, IN_BULK, alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.resolution import odds
from graph.enrich.resolution.odds import Dealings, Judged
from graph.enrich.resolution.offers import PAYMENTS
from graph.enrich.resolution.resolve import (
    PARTIES,
    Continued,
    Decision,
    Pair,
    Party,
    resolve,
)
from graph.enrich.resolution.strong_keys import Key
from graph.enrich.write.counts import Counts
from graph.errors import NotFound

Decided = Literal["merge", "apart"]
STEPS = ("resolution/merged_into", "resolution/matches")
COLUMNS = "kept_id, merged_id, confidence, reason, evidence, decided"


def enrich(user_id: UUID) -> Counts:
    """Merge the tenant's entities that are one party, and list the pairs that may be, in one
    transaction. Return the numbers of changed pairs."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        return _recompute(connection, cursor, user_id)


def decide(user_id: UUID, one: UUID, other: UUID, decided: Decided, by: str) -> None:
    """Merge two entities or keep them apart, as a person decided, regardless of what programs find.

    Raises NotFound for an entity that is not one of the tenant's vendors, customers and employees.
    """
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        require(cursor, user_id, (one, other))
        values = {"user_id": user_id, "one": one, "other": other, "decided": decided, "by": by}
        cursor.execute(sql.read("resolution/decided"), values)
        _recompute(connection, cursor, user_id)


def judge(user_id: UUID, resolutions: Sequence[UUID], decided: Decided, by: str) -> int:
    """Apply a person's decision to stored pairs. Return the number of changed pairs."""
    return _upon(user_id, "resolution/judged", resolutions, {"decided": decided, "by": by})


def undo(user_id: UUID, resolutions: Sequence[UUID], by: str) -> int:
    """Delete a person's decision, or turn an automatic merge into a decision to keep apart.

    Returns the number of pairs undone. An open pair has nothing to undo.
    """
    return _upon(user_id, "resolution/undone", resolutions, {"by": by})


def _upon(user_id: UUID, step: str, resolutions: Sequence[UUID], values: dict[str, Any]) -> int:
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        cursor.execute(sql.read(step), {**values, "user_id": user_id, "ids": list(resolutions)})
        (count,) = cursor.fetchone()
        if count:
            _recompute(connection, cursor, user_id)
        return int(count)


def require(cursor: CursorWrapper, user_id: UUID, entities: Sequence[UUID]) -> None:
    """Raise NotFound if any of the entities is not one of the tenant's vendors, customers and
    employees."""
    cursor.execute(
        "SELECT id FROM normalized_entities WHERE user_id = %s AND id = ANY(%s) AND kind = ANY(%s)",
        [user_id, list(entities), sorted(PARTIES)],
    )
    parties = {row[0] for row in cursor.fetchall()}
    for entity in entities:
        if entity not in parties:
            raise NotFound("There is no such party in your graph.", "entity")


def _recompute(connection: BaseDatabaseWrapper, cursor: CursorWrapper, user_id: UUID) -> Counts:
    values = {"user_id": user_id}
    cursor.execute(IN_BULK)
    found = resolve(
        parties(cursor, user_id), decisions(cursor, user_id), continued(cursor, user_id)
    )
    pairs = odds.weighed(found, _dealings(cursor, user_id, found), _judged(cursor, user_id))
    cursor.execute(sql.read("resolution/staged"))
    _copy(connection, pairs)
    cursor.execute("ANALYZE found_resolutions")
    cursor.execute(sql.read("resolution/withdrawn"), values)
    removed = cursor.rowcount
    cursor.execute(sql.read("resolution/written"), values)
    new = [row[0] for row in cursor.fetchall()]
    for step in STEPS:
        cursor.execute(sql.read(step), values)
    cursor.execute("DROP TABLE found_resolutions")
    cursor.execute(AS_USUAL)
    return Counts(sum(new), len(new) - sum(new), removed)


def parties(cursor: CursorWrapper, user_id: UUID) -> list[Party]:
    """Return the tenant's vendors, customers and employees as the books name them, before any
    merge."""
    values: dict[str, Any] = {"user_id": user_id, "kinds": sorted(PARTIES)}
    cursor.execute(sql.read("resolution/named"), values)
    sources_of: defaultdict[str, _Named] = defaultdict(_Named)
    for entity, source, keys, events in cursor.fetchall():
        sources_of[entity].add(source, keys, events)
    cursor.execute(sql.read("resolution/parties"), values)
    return [
        Party(entity, kind, name, of.with_own(own), frozenset(of.sources), of.events, kept)
        for entity, kind, name, own, kept in cursor.fetchall()
        for of in [sources_of[entity]]
    ]


@dataclass
class _Named:
    """What the events state about an entity."""

    events: int = 0
    sources: set[str] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)

    def add(self, source: str, keys: str, events: int) -> None:
        self.events += events
        self.sources.add(source)
        columns = json.loads(keys) if keys != "{}" else {}
        self.keys |= {Key(kind, str(value), source) for kind, value in columns.items() if value}

    def with_own(self, own: str) -> tuple[Key, ...]:
        """Return the keys that events state, and those of the entity's own keys (JSON text
        `own`) that no event states."""
        own_keys = {(key.kind, key.value) for key in self.keys}
        more = {Key(kind, str(value)) for kind, value in json.loads(own).items() if value}
        rest = {key for key in more if (key.kind, key.value) not in own_keys}
        ordered = sorted(self.keys | rest, key=lambda key: (key.kind, key.value, key.source))
        return tuple(ordered)


def decisions(cursor: CursorWrapper, user_id: UUID) -> list[Decision]:
    """Return people's decisions on pairs of the tenant's entities, the oldest first."""
    cursor.execute(
        "SELECT kept_id::text, merged_id::text, decided FROM entity_resolutions "
        "WHERE user_id = %s AND decided IN ('merge', 'apart') ORDER BY decided_at, id",
        [user_id],
    )
    return [Decision(*row) for row in cursor.fetchall()]


def continued(cursor: CursorWrapper, user_id: UUID) -> list[Continued]:
    """Return the pairs of the tenant's parties in which the second's equal payments begin where
    the first's end."""
    cursor.execute(sql.read("resolution/continued"), {"user_id": user_id, "least": PAYMENTS})
    return [
        Continued(
            one, other, f"payments of {amount:,.2f} end on {done} and go on from {begin} under it"
        )
        for one, other, amount, done, begin in cursor.fetchall()
    ]


def _dealings(
    cursor: CursorWrapper, user_id: UUID, pairs: Iterable[Pair]
) -> dict[str, dict[str, Dealings]]:
    """Return entity → source → its dealings, for the entities of open pairs, and of some merged
    pairs to learn from."""
    offered = [pair for pair in pairs if pair.decided == "open"]
    asked = [*offered, *odds.merged(pairs)] if offered else []
    entities = {end for pair in asked for end in (pair.kept, pair.merged)}
    by_entity: defaultdict[str, dict[str, Dealings]] = defaultdict(dict)
    if entities:
        values: dict[str, Any] = {"user_id": user_id, "entities": sorted(entities)}
        cursor.execute(sql.read("resolution/dealings"), values)
        for entity, source, partners, amount in cursor.fetchall():
            by_entity[entity][source] = Dealings(frozenset(partners), amount)
    return by_entity


def _judged(cursor: CursorWrapper, user_id: UUID) -> list[Judged]:
    """Return the pairs that were offered to people with a probability, and that people have
    decided."""
    cursor.execute(
        "SELECT evidence ->> 'kind', (evidence ->> 'chance')::float, decided = 'merge' "
        "FROM entity_resolutions WHERE user_id = %s AND decided IN ('merge', 'apart') "
        "AND evidence ? 'chance'",
        [user_id],
    )
    return [Judged(*row) for row in cursor.fetchall()]


def _copy(connection: BaseDatabaseWrapper, pairs: Iterable[Pair]) -> None:
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY found_resolutions ({COLUMNS}) FROM STDIN") as copy,
    ):
        for pair in pairs:
            evidence = json.dumps(pair.evidence, ensure_ascii=False)
            copy.write_row(
                (pair.kept, pair.merged, pair.confidence, pair.reason, evidence, pair.decided)
            )
