"""What has changed in a tenant's graph since a version: nodes and relationships, as they are now.

A client that puts `added` and `changed` in place by id and takes `removed` away has what a full
copy has; `changed_fields` says of each changed row what may be other than it was. A relationship is
an edge of the graph where both of its entities are nodes.
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
from graph.reading import changed_fields, corrections
from graph.reading.changed_fields import Fields
from graph.reading.corrections import Wanted
from graph.reading.rows import COLUMNS, KINDS
from graph.view.captured_tables import EVERYTHING
from graph.view.triggers import EVERYBODY
from graph.view.version import State

MOST = 50_000  # rows named by marks; where more have changed a full copy is less work
EDGE = tuple(name for name in COLUMNS if name != "user_id")
VERSION = re.compile(r"(\d{1,18})-([0-9a-f]{32}|0)-([0-9a-f]{1,8})(-[0-9a-f]{32})?")

Row = dict[str, Any]
Answer = dict[str, Any]


def full(user_id: UUID) -> Answer:
    """Everything, as added."""
    with tenant_snapshot(user_id) as reader:
        nodes, state = corrections.nodes(reader, user_id)
        edges = corrections.edges(reader, Wanted(user_id, EDGE), state)
    return _answer(None, state, _all(nodes), _all(edges))


def since(user_id: UUID, version: str) -> Answer:
    """What has come, changed and gone since the version.

    Raises QuestionError for a text that is no version, TooOld where what has changed since is not
    known any more, or is too much.
    """
    count, last, life = _parsed(version)
    with tenant_snapshot(user_id) as reader:
        _, state = corrections.nodes(reader, user_id)
        if state.version == version:
            return _answer(version, state, _sorted([], {}, {}), _sorted([], {}, {}))
        which = _which(reader, user_id, state, (count, last, life))
        nodes = _nodes(reader, user_id, which)
        edges = _edges(reader, user_id, which)
    return _answer(version, state, nodes, edges)


def check(version: str) -> None:
    """Raises QuestionError for a text that is no version; one that is too old is one."""
    if VERSION.fullmatch(version) is None:
        raise QuestionError("Must be an as_of_version that an answer gave.", "since")


def _parsed(version: str) -> tuple[int, str | None, str]:
    found = VERSION.fullmatch(version)
    if found is None:
        raise QuestionError("Must be an as_of_version that an answer gave.", "since")
    if found[4]:  # of a moment between a restore and the refresh after it
        raise TooOld("Nothing is known of what followed this version: take a full copy.", "since")
    return int(found[1]), None if found[2] == "0" else found[2], found[3]


def _which(
    reader: TenantReader, user_id: UUID, state: State, since: tuple[int, str | None, str]
) -> Composable:
    """The condition on marks: those not seen at that version, perhaps a few that were."""
    count, last, life = since
    now, _, life_now, *_ = state.version.split("-")
    query = SQL(sql.read("reading/feed_marks")).format(
        user_id=Literal(user_id),
        everybody=Literal(EVERYBODY),
        everything=Literal(EVERYTHING),
        last_id=Literal(last),
        marks_since=Literal(int(now) - count),
    )
    found = reader.table(query).to_pylist() if life == life_now and int(now) >= count else []
    if not found or found[0]["from_xid"] is None or found[0]["unknown"]:
        raise TooOld("What has changed since is not known any more: take a full copy.", "since")
    if found[0]["named"] > MOST:
        raise TooOld("More has changed since than a full copy holds: take one.", "since")
    return SQL("mark.xid >= {}::xid8").format(Literal(found[0]["from_xid"]))


def _nodes(reader: TenantReader, user_id: UUID, which: Composable) -> Answer:
    query = SQL(sql.read("reading/feed_nodes")).format(user_id=Literal(user_id), which=which)
    found = reader.table(query)
    now = _rows(found.filter(pc.is_valid(found["id"])).select(["id", "kind", "name"]))
    columns = zip(as_strings(found["marked_id"]), values(found["columns"]), strict=True)
    fields = {key: changed_fields.of_node(each.split()) for key, each in columns}
    return _sorted(now, fields, _turns(reader, user_id, "entity", which))


def _edges(reader: TenantReader, user_id: UUID, which: Composable) -> Answer:
    marked = reader.table(corrections.marked(user_id, KINDS, which, told="feed"))
    fields = _fields(marked)
    query = corrections.rows(Wanted(user_id, EDGE), EDGE, list(fields), as_text=corrections.MONEY)
    now = _rows(reader.table(query)) if fields else []
    return _sorted(now, fields, _turns(reader, user_id, "relationship", which))


def _fields(marked: pa.Table) -> Mapping[str, Fields]:
    """By relationship: what all marks that concern it have written."""
    of_edge = cache(lambda kind, pointer, text: changed_fields.of_edge(kind, pointer, text.split()))
    columns = (values(marked[name]) for name in ("kind", "pointer", "columns"))
    fields: dict[str, Fields] = defaultdict(frozenset)
    for key, kind, pointer, text in zip(as_strings(marked["id"]), *columns, strict=True):
        fields[key] |= of_edge(kind, pointer, text)
    return fields


def _turns(reader: TenantReader, user_id: UUID, kind: str, which: Composable) -> dict[str, int]:
    query = SQL(sql.read("reading/feed_turns"))
    found = reader.table(query.format(user_id=Literal(user_id), kind=Literal(kind), which=which))
    return dict(zip(as_strings(found["id"]), values(found["turns"]), strict=True))


def _all(table: pa.Table) -> Answer:
    """Everything has come."""
    return {"added": _rows(table), "changed": [], "changed_fields": {}, "removed": []}


def _sorted(now: Iterable[Row], fields: Mapping[str, Fields], turns: Mapping[str, int]) -> Answer:
    """Each of the rows that marks name (the keys of `fields`), by whether it was there then.

    Coming and leaving alternate, whoever did it: the number of turns tells, their order does not
    matter, and is not known. A row of which nothing that is shown was written has not changed.
    """
    here = {row["id"]: row for row in now}
    came = {key for key in here if turns.get(key, 0) % 2}
    changed = sorted(key for key in here if key not in came and fields[key])
    return {
        "added": [here[key] for key in sorted(came)],
        "changed": [here[key] for key in changed],
        "changed_fields": {key: sorted(fields[key]) for key in changed},
        "removed": sorted(key for key in fields if key not in here and turns.get(key, 0) % 2),
    }


def _rows(table: pa.Table) -> list[Row]:
    columns = [values(table[name]) for name in table.column_names]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _answer(since: str | None, state: State, nodes: Answer, edges: Answer) -> Answer:
    return {"since": since, "as_of_version": state.version, "nodes": nodes, "edges": edges}
