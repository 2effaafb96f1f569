"""What was added, changed and removed in a tenant's graph between two moments of its history.

Rows have the form of the change feed (`graph.reading.change_feed`). One snapshot is read: the
entities and relationships that have changed since the first moment, as they were at the first and
as they were at the second. Those that differ are listed in pages, entities first, by id.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Identifier, Literal

from graph import sql
from graph.database import past
from graph.database.tenancy import Query, snapshot_transaction
from graph.errors import QuestionError
from graph.reading import past_relationships
from graph.reading.change_feed import EDGE, MOST

ENTITIES, EDGES = PARTS = ("entities", "edges")
CHANGES = ("added", "changed", "removed")
NOW = "infinity"  # no transaction ended after it
NODE = ("id", "kind", "name")
BEFORE, AFTER = "diff_before", "diff_after"
TOO_MANY = f"More than {MOST:,} rows have changed since. Ask for a later day or version."
Row = dict[str, Any]
Rows = dict[str, Row]  # by id
Answer = dict[str, Any]
Change = tuple[str, str, str]  # part, id, one of CHANGES
Position = tuple[str, UUID]  # part, id


@dataclass(frozen=True, slots=True)
class Between:
    """Two moments. Transactions that ended before a moment count; None means now."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _States:
    """Rows as they were at both moments."""

    before: Rows
    after: Rows


def differences(
    user_id: UUID, between: Between, *, most: int, after: Position | None = None
) -> tuple[Answer, Position | None]:
    """Return a page of at most `most` differences, and the position of the next page or None.

    The answer has `counts` of all pages, and of this page `entities` and `edges`, each with
    `added`, `changed` (as they are at the second moment) and `removed` (ids). Of a changed row,
    `changed_fields` has the names of the fields that differ, and `before` their earlier values.
    Raises QuestionError if more than MOST relationships or entities have changed.
    """
    if between.since is None:
        return _answer([], [], _States({}, {}), _States({}, {})), None
    with (
        snapshot_transaction(user_id, Query("SELECT 1 AS one")) as (connection, _),
        connection.cursor() as cursor,
    ):
        nodes = _read(cursor, user_id, between.since, between.until)
        changes = [*_node_changes(nodes), *_edge_changes(cursor)]
        rest = [change for change in changes if after is None or _place(*change) > _of(after)]
        page = rest[:most]
        edges = [key for part, key, _ in page if part == EDGES]
        states = _States(_edges(cursor, BEFORE, edges), _edges(cursor, AFTER, edges))
    last = page[-1] if len(rest) > most else None
    return _answer(changes, page, nodes, states), last and (last[0], UUID(last[1]))


def _place(part: str, key: str, _change: str = "") -> tuple[int, str]:
    return PARTS.index(part), key


def _of(position: Position) -> tuple[int, str]:
    return _place(position[0], str(position[1]))


def _read(cursor: CursorWrapper, user_id: UUID, since: datetime, until: datetime | None) -> _States:
    """Create the temporary tables of relationships BEFORE and AFTER; return the entities."""
    unchanged = past_relationships.unchanged_tables(cursor, user_id, since)
    ids = _changed_ids(cursor, user_id, since, unchanged)
    states = []
    for table, moment in ((BEFORE, since), (AFTER, until)):
        cursor.execute(past.ENTER, [moment.isoformat() if moment else NOW])
        query = SQL(sql.read("reading/diff_rows")).format(
            table=Identifier(table),
            columns=SQL(", ").join(map(Identifier, EDGE)),
            rows=past_relationships.past_rows(cursor, user_id, ids, unchanged),
        )
        cursor.execute(query)
        states.append(_nodes(cursor, user_id, since))
    return _States(*states)


def _changed_ids(
    cursor: CursorWrapper, user_id: UUID, since: datetime, unchanged: Sequence[str]
) -> Sequence[str] | None:
    """Write the ids of the relationships that have changed to `past_ids`. Return them if they are
    few."""
    touched = past_relationships.touched(user_id, since, unchanged)
    cursor.execute(SQL(sql.read("reading/past_ids")).format(query=touched))
    cursor.execute("SELECT count(*) FROM past_ids")
    if cursor.fetchone()[0] > MOST:
        raise QuestionError(TOO_MANY, "from")
    return past_relationships.few_ids(cursor, Identifier("past_ids"))


def _nodes(cursor: CursorWrapper, user_id: UUID, since: datetime) -> Rows:
    """Return the changed entities that exist at the moment that is read."""
    query = SQL(sql.read("reading/diff_nodes")).format(
        user_id=Literal(user_id), since=Literal(since), limit=Literal(MOST + 1)
    )
    cursor.execute(query)
    rows = _rows(cursor)
    if len(rows) > MOST:
        raise QuestionError(TOO_MANY, "from")
    return {row["id"]: row for row in rows if row["kind"] is not None}


def _node_changes(nodes: _States) -> Iterable[Change]:
    before, after = _shown(nodes.before), _shown(nodes.after)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            change = "added" if key not in before else "changed" if key in after else "removed"
            yield ENTITIES, key, change


def _shown(nodes: Rows) -> Rows:
    """Return the entities that are nodes of the graph: those that are not merged into another."""
    return {
        key: {name: row[name] for name in NODE}
        for key, row in nodes.items()
        if row["merged_into_id"] is None
    }


def _edge_changes(cursor: CursorWrapper) -> list[Change]:
    cursor.execute(sql.read("reading/diff_edges"))
    return [(EDGES, str(key), change) for key, change in cursor.fetchall()]


def _edges(cursor: CursorWrapper, table: str, ids: Sequence[str]) -> Rows:
    query = SQL("SELECT * FROM {} WHERE id = ANY (%s::uuid[])").format(Identifier(table))
    cursor.execute(query, [list(ids)])
    return {row["id"]: _with_ends(row) for row in _rows(cursor)}


def _with_ends(row: Row) -> Row:
    """Return the row with `source` and `target` as objects with the entity's id."""
    ends = {end: row.pop(f"{end}_entity_id") for end in ("source", "target")}
    return {**row, **{end: key and {"id": key} for end, key in ends.items()}}


def _rows(cursor: CursorWrapper) -> list[Row]:
    names = [column.name for column in cursor.description]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | Decimal) else value


def _answer(
    changes: Sequence[Change], page: Sequence[Change], nodes: _States, edges: _States
) -> Answer:
    counts = Counter((part, change) for part, _, change in changes)
    shown = _States(_shown(nodes.before), _shown(nodes.after))
    entities = _sorted([change for change in page if change[0] == ENTITIES], shown)
    return {
        "counts": {part: {name: counts[part, name] for name in CHANGES} for part in PARTS},
        ENTITIES: {**entities, **_mergers(entities, nodes)},
        EDGES: _sorted([change for change in page if change[0] == EDGES], edges),
    }


def _sorted(changes: Sequence[Change], states: _States) -> Answer:
    ids = {name: [key for _, key, change in changes if change == name] for name in CHANGES}
    differing = {key: _fields(states.before[key], states.after[key]) for key in ids["changed"]}
    return {
        "added": [states.after[key] for key in ids["added"]],
        "changed": [states.after[key] for key in ids["changed"]],
        "changed_fields": differing,
        "before": {
            key: {name: states.before[key][name] for name in names}
            for key, names in differing.items()
        },
        "removed": ids["removed"],
    }


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in after if before[name] != after[name])


def _mergers(changes: Answer, nodes: _States) -> Answer:
    """Return which of the removed entities were merged, and which of the added ones had been."""
    merged = [key for key in changes["removed"] if key in nodes.after]
    return {
        "merged": [
            {"id": key, "merged_into": nodes.after[key]["merged_into_id"]} for key in merged
        ],
        "split": [row["id"] for row in changes["added"] if row["id"] in nodes.before],
    }
