"""Reads all of a tenant's nodes and edges, corrected by the changes since the view was computed.

A read uses one snapshot and never waits for a refresh. A change record of a shared pattern corrects
that layer's columns in all rows that point at the pattern. Every other change record causes its
relationships to be read again from the tables. If most of a tenant has changed, the whole tenant is
read from the tables.
"""

import json
from collections.abc import Container, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from graph import sql
from graph.database.arrow import TenantReader
from graph.engine.columns import as_strings, positions, storage
from graph.layers import LAYERS, Layer
from graph.models.view_sql import SHARED, SHARED_KEY, SOME, TENANT, TENANT_VIEW, view_sql
from graph.view import version
from graph.view.version import State

MONEY = frozenset({"amount", *(c.name for x in LAYERS for c in x.columns if c.type == "money")})
OF_EVENTS = ("occurred_at", "amount", "currency", "document_ref", "transaction_ref", "kind")
PATCHED_ANYWAY = (
    2_000  # rows named by change records; for fewer, counting the tenant's rows costs more
)
PATCHED_SHARE = 0.25  # share of the tenant's rows; above it, reading all from the tables costs less
HASHED = SQL("SELECT set_config('enable_nestloop', 'off', true)")


@dataclass(frozen=True, slots=True)
class EdgeQuery:
    """The relationships to read (a tenant's, or those of one edge class), and the columns to
    read."""

    user_id: UUID
    columns: tuple[str, ...]
    edge_class: str | None = None

    def layers(self) -> Iterable[Layer]:
        """Return the layers to which at least one of these columns belongs."""
        names = set(self.columns)
        return (x for x in LAYERS if names & {x.id_column, *(c.name for c in x.columns)})

    def patterns(self) -> list[Layer]:
        """Return the shared layers of which columns other than the id are read."""
        names = set(self.columns)
        return [x for x in self.layers() if x.is_pattern and names & {c.name for c in x.columns}]

    def kinds(self) -> list[str]:
        """Return the kinds of change records that concern these columns and need rows to be read
        again."""
        facts = [layer.name for layer in self.layers() if not layer.is_pattern]
        events = ["event"] if set(self.columns) & set(OF_EVENTS) else []
        return ["relationship", "match", *events, *facts]


def nodes(reader: TenantReader, user_id: UUID) -> tuple[pa.Table, State]:
    """Return, by one query, the tenant's nodes (id, kind, name) sorted by id, and the state of the
    graph."""
    query = SQL(sql.read("reading/fresh_nodes"))
    table = reader.table(query.format(state=version.composed(user_id), user_id=Literal(user_id)))
    return table.slice(1), version.read(json.loads(table["name"][0].as_py()))


def edges(reader: TenantReader, query: EdgeQuery, state: State, *, apart: bool = False) -> pa.Table:
    """Return the tenant's relationships with the query's columns, as they are in the reader's
    snapshot.

    With `apart`, two kinds of columns are read by separate queries: columns of shared patterns once
    per pattern, and columns of rare layers only for the relationships that have them. This needs
    more queries, but half the time for a large tenant.
    """
    change_records = sum(state.pending.get(kind, 0) for kind in query.kinds())
    if state.unknown or _is_live_cheaper(reader, query, change_records):
        return _live(reader, query)
    patterns = [layer for layer in query.patterns() if layer.name in state.pending and not apart]
    names = tuple(dict.fromkeys((*query.columns, *(layer.id_column for layer in patterns))))
    rows_read = _apart(reader, query) if apart else reader.table(_of_view(query, names))
    for layer in patterns:
        rows_read = _patterned(rows_read, layer, reader.table(_pattern_rows(query, layer, state)))
    rows_read = rows_read.select(list(names))
    if change_records:
        stale = reader.table(
            changed_relationships(query.user_id, query.kinds(), pending(state.snapshot))
        )
        ids = as_strings(stale["id"])
        rows_read = _patched(rows_read, stale, reader.table(rows(query, names, ids, as_text=MONEY)))
    return rows_read.select(list(query.columns))


def _apart(reader: TenantReader, query: EdgeQuery) -> pa.Table:
    """Return the view's rows, for which the columns of shared patterns and of rare layers are
    read by separate queries and then joined."""
    patterns, rare = query.patterns(), [layer for layer in query.layers() if layer.rare]
    pointers = [layer.id_column for layer in patterns]
    few = [name for layer in rare for name in (layer.id_column, *_own(layer))]
    keyed = [name for name in SHARED if name in query.columns]
    keyed = keyed if len(keyed) > 1 else []  # sending one such column costs as much as its key
    away = {*(name for layer in patterns for name in _own(layer)), *few, *keyed}
    every = dict.fromkeys((*query.columns, *pointers, "id"))
    near = [*(name for name in every if name not in away), *([SHARED_KEY] if keyed else [])]
    queries: list[Composable] = [_every_pattern(query, layer) for layer in patterns]
    if rare:
        few = [name for name in few if name in query.columns]
        queries.append(_of_view(query, ["id", *few]) + _having(rare))
    base, *others = reader.tables(_of_view(query, near), queries)
    keys = [*pointers, *(["id"] if rare else [])]
    if keyed:
        keys, others = [*keys, SHARED_KEY], [*others, _of_keys(reader, query, base, keyed)]
    return _joined(base, keys, others)


def _of_keys(
    reader: TenantReader, edge_query: EdgeQuery, rows_read: pa.Table, names: Sequence[str]
) -> pa.Table:
    """Return one row per distinct SHARED_KEY in `rows_read`, with the columns `names`.

    Rows with the same key have the same values, so the values are read from any one of them.
    """
    keys = rows_read[SHARED_KEY].combine_chunks().dictionary_encode()
    one = np.zeros(len(keys.dictionary), np.int64)
    one[keys.indices.to_numpy()] = np.arange(len(keys))
    ids = as_array(as_strings(rows_read["id"].take(pa.array(one))))
    query = _of_view(edge_query, [SHARED_KEY, *names]) + SQL(" AND id = ANY ({}::uuid[])").format(
        ids
    )
    return reader.table(query)


def _joined(joined: pa.Table, keys: Sequence[str], others: Sequence[pa.Table]) -> pa.Table:
    """Return `joined` with the columns of the other tables added.

    Table i of `others` is joined by its first column to the column `keys[i]`.
    """
    with ThreadPoolExecutor() as threads:
        for columns in threads.map(partial(_matched_columns, joined), keys, others):
            for name, column in columns.items():
                joined = joined.append_column(name, column)
    return joined


def _matched_columns(left: pa.Table, key: str, rows: pa.Table) -> dict[str, pa.Array]:
    """Return the columns of `rows`, arranged for the rows of the left table by its column `key`.

    A row without a match has NULL, or false in a column of flags. The columns are dictionary arrays
    over the values of `rows`, so values are not copied per relationship.
    """
    at = positions(left[key], rows.column(0))
    columns = {}
    for name in rows.column_names[1:]:
        flag = pa.types.is_boolean(rows[name].type)
        values = storage(rows[name])
        coded = pa.DictionaryArray.from_arrays(at, values, safe=False)
        columns[name] = values.take(at).fill_null(False) if flag else coded
    return columns


def _own(layer: Layer) -> list[str]:
    return [column.name for column in layer.columns]


def _having(layers: Iterable[Layer]) -> Composable:
    """Return SQL that is true if at least one of the layers has a value for the row."""
    condition = SQL("{} IS NOT NULL")
    return SQL(" AND ({})").format(
        SQL(" OR ").join(condition.format(Identifier(layer.presence)) for layer in layers)
    )


def _is_live_cheaper(reader: TenantReader, edge_query: EdgeQuery, change_records: int) -> bool:
    """Return whether reading the whole tenant from the tables costs less than correcting the view's
    rows."""
    if change_records <= PATCHED_ANYWAY:
        return False
    enough = int(change_records / PATCHED_SHARE)
    query = "SELECT count(*) FROM (SELECT FROM {} WHERE user_id = {} LIMIT {}) AS found"
    some = SQL(query).format(Identifier(TENANT_VIEW), Literal(edge_query.user_id), Literal(enough))
    return int(reader.table(some).column(0)[0].as_py()) < enough


def _live(reader: TenantReader, query: EdgeQuery) -> pa.Table:
    """Return the tenant's relationships, read from the tables instead of the view.

    One query reads each table once.
    """
    reader.table(HASHED)
    source = SQL(view_sql(TENANT, list(query.layers()))).format(user_id=Literal(query.user_id))
    return reader.table(_select(query, query.columns, SQL("({}) AS live").format(source)))


def _of_view(query: EdgeQuery, columns: Sequence[str]) -> Composed:
    return _select(query, columns, Identifier(TENANT_VIEW))


def _select(edge_query: EdgeQuery, columns: Sequence[str], source: Composable) -> Composed:
    names = SQL(", ").join(_read(name, MONEY) for name in columns)
    query = SQL("SELECT {} FROM {} WHERE user_id = {}")
    return query.format(names, source, Literal(edge_query.user_id)) + _only(edge_query)


def _read(name: str, as_text: Container[str], *of: str) -> Composable:
    """Return SQL for a column, as text if it is in `as_text`: text costs less to send and parse
    than numeric."""
    cast = SQL("{}::text AS {}" if name in as_text else "{}")
    return cast.format(Identifier(*of, name), Identifier(name))


def _only(query: EdgeQuery) -> Composable:
    if query.edge_class is None:
        return SQL("")
    return SQL(" AND edge_class = {}").format(Literal(query.edge_class))


def pending(snapshot: str | None) -> Composable:
    """Return an SQL condition on change records: the view, computed on this snapshot, does not
    show the change yet. It holds for all records if the snapshot is None."""
    if snapshot is None:
        return SQL("true")
    condition = "mark.xid >= {}::xid8 AND NOT pg_visible_in_snapshot(mark.xid, {}::pg_snapshot)"
    return SQL(condition).format(Literal(snapshot.partition(":")[0]), Literal(snapshot))


def changed_relationships(
    user_id: UUID, kinds: Sequence[str], which: Composable, *, template: str = "fresh"
) -> Composed:
    """Return the query for the ids of the relationships that change records of these kinds are
    about.

    `which` is a condition on the change records. `template` names the SQL files: `fresh` returns
    ids only, `feed` also the written columns.
    """
    user = Literal(user_id)
    return SQL(sql.read(f"reading/{template}_marked")).format(
        user_id=user,
        kinds=Literal(list(kinds)),
        which=which,
        by_relationship=Literal([kind for kind in kinds if kind not in BY_POINTER]),
        resolved=SQL("").join(_resolved(template, user, kinds, pointer) for pointer in POINTERS),
    )


def rows(
    query: EdgeQuery, columns: Sequence[str], ids: Sequence[str], *, as_text: Container[str] = ()
) -> Composed:
    """Return the query that reads the relationships `ids` from the tables."""
    parts = {"user_id": Literal(query.user_id), "ids": as_array(ids)}
    return SQL(sql.read("reading/fresh_rows")).format(
        columns=SQL(", ").join(_read(name, as_text, "live") for name in columns),
        live=SQL(view_sql(SOME, list(query.layers()))).format(**parts),
        only=_only(query),
        **parts,
    )


# Column of a relationship → the kinds of change records whose rows it points at.
POINTERS: dict[str, tuple[str, ...]] = {
    "source_event_id": ("event", "match"),
    "target_event_id": ("event", "match"),
    **{layer.pointer: (layer.name,) for layer in LAYERS if layer.pointer},
}
BY_POINTER = frozenset(kind for kinds in POINTERS.values() for kind in kinds)


def as_array(ids: Sequence[str]) -> Literal:
    """Return the ids as a PostgreSQL array literal of uuids."""
    return Literal("{" + ",".join(ids) + "}")


def _resolved(template: str, user: Literal, kinds: Sequence[str], pointer: str) -> Composable:
    tables = [kind for kind in POINTERS[pointer] if kind in kinds]
    if not tables:
        return SQL("")
    part = SQL(sql.read(f"reading/{template}_resolved"))
    names = {"pointer": Identifier(pointer), "name": Literal(pointer)}
    return part.format(user_id=user, kinds=Literal(tables), **names)


def _patched(view: pa.Table, stale: pa.Table, now: pa.Table) -> pa.Table:
    """Return the view's rows, with the rows of `stale` replaced by those of `now`."""
    is_stale = pc.is_in(storage(view["id"]), value_set=storage(stale["id"]))
    anew = {field.name: _encoded_as(field, now[field.name]) for field in view.schema}
    return pa.concat_tables([view.filter(pc.invert(is_stale)), pa.table(anew)])


def _encoded_as(field: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Return the column in the encoding of `field`'s type: dictionary-encoded if that type is a
    dictionary, else unchanged."""
    if not pa.types.is_dictionary(field.type):
        return column
    codes = pa.array(np.arange(len(column), dtype=np.int32))
    return pa.DictionaryArray.from_arrays(codes, storage(column))


def _every_pattern(edge_query: EdgeQuery, layer: Layer) -> Composed:
    """Return the query for all of the tenant's rows of this layer, with the columns that the view
    shows."""
    query = SQL("SELECT pattern.id, {} FROM {} AS pattern WHERE pattern.user_id = {}")
    return query.format(
        _pattern_columns(layer), Identifier(layer.table), Literal(edge_query.user_id)
    )


def _pattern_columns(layer: Layer) -> Composed:
    return SQL(", ").join(
        SQL("{} AS {}").format(SQL(column.sql("pattern")), Identifier(column.name))
        for column in layer.columns
    )


def _pattern_rows(query: EdgeQuery, layer: Layer, state: State) -> Composed:
    """Return the query for the layer's rows that pending change records name, with the columns that
    the view shows."""
    return SQL(sql.read("reading/fresh_patterns")).format(
        columns=_pattern_columns(layer),
        table=Identifier(layer.table),
        user_id=Literal(query.user_id),
        kind=Literal(layer.name),
        which=pending(state.snapshot),
    )


def _patterned(view: pa.Table, layer: Layer, rows: pa.Table) -> pa.Table:
    """Return the view's rows, with the layer's columns replaced where a row points at one of
    `rows`."""
    at = positions(view[layer.id_column], rows["id"])
    hit = pc.is_valid(at)
    for name in (name for name in _own(layer) if name in view.column_names):
        now = rows[name].combine_chunks().take(at)
        place = view.column_names.index(name)
        view = view.set_column(place, name, pc.if_else(hit, now, view[name]))
    return view
