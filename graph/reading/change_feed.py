"""The change feed: what has changed in a tenant's graph since a version.

It returns the current state of the changed nodes and relationships. A client that stores `added`
and `changed` by id and deletes `removed` has the same data as a full copy. `changed_fields` names
for each changed row the fields that may differ. A relationship is an edge of the graph if both of
its entities are nodes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from psycopg.sql import SQL, Composable, Literal

from graph import sql
from graph.database.arrow import TenantReader, tenant_snapshot
from graph.engine.columns import as_strings, values
from graph.errors import QuestionError, TooOld
from graph.reading import changed_fields, current_graph
from graph.reading.changed_fields import Fields
from graph.reading.corrected_view import COLUMNS, KINDS
from graph.reading.current_graph import EdgeQuery
from graph.view.captured_tables import EVERYTHING
from graph.view.triggers import EVERYBODY
from graph.view.version import State

MOST = 50_000  # rows named by change records; for more, a full copy is less work
EDGE = tuple(name for name in COLUMNS if name != "user_id")
VERSION = re.compile(r"(\d{1,18})-([0-9a-f]{32}|0)-([0-9a-f]{1,8})(-[0-9a-f]{32})?")

Row = dict[str, Any]
Answer = dict[str, Any]
NO_MERGERS: Answer = {"merged": [], "split": []}


def full(user_id: UUID) -> Answer:
    """Return the tenant's whole graph in the form of a change feed: every row is in `added`."""
    with tenant_snapshot(user_id) as reader:
        nodes, state = current_graph.nodes(reader, user_id)
        edges = current_graph.edges(reader, EdgeQuery(user_id, EDGE), state)
    return _answer(None, state, _all(_rows(nodes)) | NO_MERGERS, _all(_edge_rows(edges)))


def since(user_id: UUID, version: str) -> Answer:
    """Return what was added, changed and removed since the version.

    Raises QuestionError for a text that is not a version. Raises TooOld if the changes since the
    version are no longer recorded, or are too many.
    """
    count, last, life = _parsed(version)
    with tenant_snapshot(user_id) as reader:
        _, state = current_graph.nodes(reader, user_id)
        if state.version == version:
            nothing = _sorted([], {}, {})
            return _answer(version, state, nothing | NO_MERGERS, nothing)
        which = _which(reader, user_id, state, (count, last, life))
        nodes = _nodes(reader, user_id, which)
        edges = _edges(reader, user_id, which)
    return _answer(version, state, nodes, edges)


def check(version: str) -> None:
    """Raise QuestionError if the text is not a version. Does not check whether the version is too
    old."""
    if VERSION.fullmatch(version) is None:
        raise QuestionError("Must be the as_of_version of an earlier answer.", "since")


def _parsed(version: str) -> tuple[int, str | None, str]:
    match = VERSION.fullmatch(version)
    if match is None:
        raise QuestionError("Must be the as_of_version of an earlier answer.", "since")
    if match[4]:  # the version was given between a restore and the next refresh
        raise TooOld(
            "The changes since this version are not recorded. Request a full copy (omit `since`).",
            "since",
        )
    return int(match[1]), None if match[2] == "0" else match[2], match[3]


def _which(
    reader: TenantReader, user_id: UUID, state: State, since: tuple[int, str | None, str]
) -> Composable:
    """Return SQL that selects the change records since the version, and perhaps a few older ones.

    `since` has the parts of the version. Raises TooOld if the records are gone, or name too many
    rows.
    """
    count, last, life = since
    now, _, life_now, *_ = state.version.split("-")
    query = SQL(sql.read("reading/feed_marks")).format(
        user_id=Literal(user_id),
        everybody=Literal(EVERYBODY),
        everything=Literal(EVERYTHING),
        last_id=Literal(last),
        marks_since=Literal(int(now) - count),
    )
    rows = reader.table(query).to_pylist() if life == life_now and int(now) >= count else []
    if not rows or rows[0]["from_xid"] is None or rows[0]["unknown"]:
        raise TooOld(
            "The changes since that version are no longer recorded. "
            "Request a full copy (omit `since`).",
            "since",
        )
    if rows[0]["named"] > MOST:
        raise TooOld(
            "Too much has changed since that version. Request a full copy (omit `since`).", "since"
        )
    return SQL("mark.xid >= {}::xid8").format(Literal(rows[0]["from_xid"]))


def _nodes(reader: TenantReader, user_id: UUID, which: Composable) -> Answer:
    query = SQL(sql.read("reading/feed_nodes")).format(user_id=Literal(user_id), which=which)
    table = reader.table(query)
    now = _rows(table.filter(pc.is_valid(table["id"])).select(["id", "kind", "name"]))
    columns = zip(as_strings(table["marked_id"]), values(table["columns"]), strict=True)
    written = {key: names.split() for key, names in columns}
    fields = {key: changed_fields.of_node(names) for key, names in written.items()}
    changes = _sorted(now, fields, _turns(reader, user_id, "entity", which))
    return {**changes, **_mergers(table, written, changes)}


def _mergers(table: pa.Table, written: Mapping[str, list[str]], changes: Answer) -> Answer:
    """Return the removed entities that were merged (`merged`), and the added ones whose merge was
    undone (`split`)."""
    into = dict(zip(as_strings(table["marked_id"]), as_strings(table["merged_into"]), strict=True))
    return {
        "merged": [
            {"id": key, "merged_into": into[key]} for key in changes["removed"] if into.get(key)
        ],
        "split": [row["id"] for row in changes["added"] if "merged_into_id" in written[row["id"]]],
    }


def _edges(reader: TenantReader, user_id: UUID, which: Composable) -> Answer:
    changed_relationships = reader.table(
        current_graph.changed_relationships(user_id, KINDS, which, template="feed")
    )
    fields = _fields(changed_relationships)
    query = current_graph.rows(
        EdgeQuery(user_id, EDGE), EDGE, list(fields), as_text=current_graph.MONEY
    )
    now = _edge_rows(reader.table(query)) if fields else []
    return _sorted(now, fields, _turns(reader, user_id, "relationship", which))


def _fields(changed_relationships: pa.Table) -> Mapping[str, Fields]:
    """Return relationship's id → the fields that its change records may have changed."""
    of_edge = cache(lambda kind, pointer, text: changed_fields.of_edge(kind, pointer, text.split()))
    columns = (values(changed_relationships[name]) for name in ("kind", "pointer", "columns"))
    fields: dict[str, Fields] = defaultdict(frozenset)
    for key, kind, pointer, text in zip(
        as_strings(changed_relationships["id"]), *columns, strict=True
    ):
        fields[key] |= of_edge(kind, pointer, text)
    return fields


def _turns(reader: TenantReader, user_id: UUID, kind: str, which: Composable) -> dict[str, int]:
    query = SQL(sql.read("reading/feed_turns"))
    rows = reader.table(query.format(user_id=Literal(user_id), kind=Literal(kind), which=which))
    return dict(zip(as_strings(rows["id"]), values(rows["turns"]), strict=True))


def _all(rows: list[Row]) -> Answer:
    """Return the rows in the form of a change feed, all in `added`."""
    return {"added": rows, "changed": [], "changed_fields": {}, "removed": []}


def _sorted(now: Iterable[Row], fields: Mapping[str, Fields], turns: Mapping[str, int]) -> Answer:
    """Sort the rows that change records name (the keys of `fields`) into added, changed and
    removed.

    `now` has those of the rows that exist now. `turns` counts how often each row was created or
    deleted since the version. An odd number means that the row came or went, because creations and
    deletions alternate. A row of which no shown field was written has not changed.
    """
    here = {row["id"]: row for row in now}
    new = {key for key in here if turns.get(key, 0) % 2}
    changed = sorted(key for key in here if key not in new and fields[key])
    return {
        "added": [here[key] for key in sorted(new)],
        "changed": [here[key] for key in changed],
        "changed_fields": {key: sorted(fields[key]) for key in changed},
        "removed": sorted(key for key in fields if key not in here and turns.get(key, 0) % 2),
    }


def _rows(table: pa.Table) -> list[Row]:
    columns = [values(table[name]) for name in table.column_names]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _edge_rows(table: pa.Table) -> list[Row]:
    """Return the rows as dicts, each with `source` and `target` as objects with the entity's id."""
    rows = _rows(table)
    for row in rows:
        for end in ("source", "target"):
            entity_id = row.pop(f"{end}_entity_id")
            row[end] = None if entity_id is None else {"id": entity_id}
    return rows


def _answer(since: str | None, state: State, nodes: Answer, edges: Answer) -> Answer:
    return {"since": since, "as_of_version": state.version, "entities": nodes, "edges": edges}
