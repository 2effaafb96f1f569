"""Fresh reads: the view's rows, corrected by what has changed since it was computed.

In one snapshot. A mark of a shared pattern corrects the columns of that layer in all rows that
point at it; any other mark has its relationships read anew. Where most of a tenant has changed, all
of it is read from the tables instead; never does a read wait for a refresh.
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
from graph.engine.columns import as_strings, places, storage
from graph.layers import LAYERS, Layer
from graph.models.view_sql import SHARED, SHARED_KEY, SOME, TENANT, TENANT_VIEW, view_sql
from graph.view import version
from graph.view.version import State

MONEY = frozenset({"amount", *(c.name for x in LAYERS for c in x.columns if c.type == "money")})
OF_EVENTS = ("occurred_at", "amount", "currency", "document_ref", "transaction_ref", "kind")
PATCHED_ANYWAY = 2_000  # rows named by marks: so few cost less than asking how many rows there are
PATCHED_SHARE = 0.25  # of the tenant's rows; beyond it reading all of them live costs less
HASHED = SQL("SELECT set_config('enable_nestloop', 'off', true)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of whom."""

    user_id: UUID
    columns: tuple[str, ...]
    edge_class: str | None = None

    def layers(self) -> Iterable[Layer]:
        """The layers that say something in these columns."""
        names = set(self.columns)
        return (x for x in LAYERS if names & {x.id_column, *(c.name for c in x.columns)})

    def patterns(self) -> list[Layer]:
        """The shared layers whose own values are read, not only which row it is."""
        names = set(self.columns)
        return [x for x in self.layers() if x.is_pattern and names & {c.name for c in x.columns}]

    def kinds(self) -> list[str]:
        """The kinds of marks that have rows read anew; those of other columns do not matter."""
        facts = [layer.name for layer in self.layers() if not layer.is_pattern]
        events = ["event"] if set(self.columns) & set(OF_EVENTS) else []
        return ["relationship", "match", *events, *facts]


def nodes(reader: TenantReader, user_id: UUID) -> tuple[pa.Table, State]:
    """The tenant's nodes (id, kind, name) by id, and the state of its graph, in one query."""
    query = SQL(sql.read("reading/fresh_nodes"))
    found = reader.table(query.format(state=version.query(user_id), user_id=Literal(user_id)))
    return found.slice(1), version.read(json.loads(found["name"][0].as_py()))


def edges(reader: TenantReader, wanted: Wanted, state: State, *, apart: bool = False) -> pa.Table:
    """The relationships as the tables have them in the reader's snapshot, with these columns.

    `apart`: what thousands share is read once, from the patterns' tables, and what few have from
    the rows that have it, not with each relationship: some queries more, and half the time for a
    large tenant.
    """
    marks = sum(state.pending.get(kind, 0) for kind in wanted.kinds())
    if state.unknown or _many(reader, wanted, marks):
        return _live(reader, wanted)
    patterns = [layer for layer in wanted.patterns() if layer.name in state.pending and not apart]
    names = tuple(dict.fromkeys((*wanted.columns, *(layer.id_column for layer in patterns))))
    found = _apart(reader, wanted) if apart else reader.table(_of_view(wanted, names))
    for layer in patterns:
        found = _patterned(found, layer, reader.table(_pattern_rows(wanted, layer, state)))
    found = found.select(list(names))
    if marks:
        stale = reader.table(marked(wanted.user_id, wanted.kinds(), pending(state.snapshot)))
        ids = as_strings(stale["id"])
        found = _patched(found, stale, reader.table(rows(wanted, names, ids, as_text=MONEY)))
    return found.select(list(wanted.columns))


def _apart(reader: TenantReader, wanted: Wanted) -> pa.Table:
    """The view's rows, with what is shared and what is rare read for itself."""
    patterns, rare = wanted.patterns(), [layer for layer in wanted.layers() if layer.rare]
    pointers = [layer.id_column for layer in patterns]
    few = [name for layer in rare for name in (layer.id_column, *_own(layer))]
    keyed = [name for name in SHARED if name in wanted.columns]
    keyed = keyed if len(keyed) > 1 else []  # one costs no more to send than its key
    away = {*(name for layer in patterns for name in _own(layer)), *few, *keyed}
    every = dict.fromkeys((*wanted.columns, *pointers, "id"))
    near = [*(name for name in every if name not in away), *([SHARED_KEY] if keyed else [])]
    queries: list[Composable] = [_every_pattern(wanted, layer) for layer in patterns]
    if rare:
        few = [name for name in few if name in wanted.columns]
        queries.append(_of_view(wanted, ["id", *few]) + _having(rare))
    found, *others = reader.tables(_of_view(wanted, near), queries)
    keys = [*pointers, *(["id"] if rare else [])]
    if keyed:
        keys, others = [*keys, SHARED_KEY], [*others, _of_keys(reader, wanted, found, keyed)]
    return _joined(found, keys, others)


def _of_keys(
    reader: TenantReader, wanted: Wanted, found: pa.Table, names: Sequence[str]
) -> pa.Table:
    """Each key of the rows and the columns that it stands for, read from one row that has it."""
    keys = found[SHARED_KEY].combine_chunks().dictionary_encode()
    one = np.zeros(len(keys.dictionary), np.int64)
    one[keys.indices.to_numpy()] = np.arange(len(keys))
    ids = as_array(as_strings(found["id"].take(pa.array(one))))
    query = _of_view(wanted, [SHARED_KEY, *names]) + SQL(" AND id = ANY ({}::uuid[])").format(ids)
    return reader.table(query)


def _joined(found: pa.Table, keys: Sequence[str], others: Sequence[pa.Table]) -> pa.Table:
    """Beside the rows the columns of the other tables, whose first one is equal to the key."""
    with ThreadPoolExecutor() as threads:
        for columns in threads.map(partial(_beside, found), keys, others):
            for name, column in columns.items():
                found = found.append_column(name, column)
    return found


def _beside(found: pa.Table, key: str, rows: pa.Table) -> dict[str, pa.Array]:
    """The rows' columns where the key is theirs; elsewhere NULL, or false where it is a flag.

    As codes of the rows' own values, so that nothing is copied for each relationship.
    """
    at = places(found[key], rows.column(0))
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
    """Rows of which any of the layers says something."""
    says = SQL("{} IS NOT NULL")
    return SQL(" AND ({})").format(
        SQL(" OR ").join(says.format(Identifier(layer.presence)) for layer in layers)
    )


def _many(reader: TenantReader, wanted: Wanted, marks: int) -> bool:
    """Whether so much has changed that reading all of the tenant live costs less."""
    if marks <= PATCHED_ANYWAY:
        return False
    enough = int(marks / PATCHED_SHARE)
    query = "SELECT count(*) FROM (SELECT FROM {} WHERE user_id = {} LIMIT {}) AS found"
    some = SQL(query).format(Identifier(TENANT_VIEW), Literal(wanted.user_id), Literal(enough))
    return int(reader.table(some).column(0)[0].as_py()) < enough


def _live(reader: TenantReader, wanted: Wanted) -> pa.Table:
    """Set-based: every table of the tenant is read once."""
    reader.table(HASHED)
    source = SQL(view_sql(TENANT, list(wanted.layers()))).format(user_id=Literal(wanted.user_id))
    return reader.table(_select(wanted, wanted.columns, SQL("({}) AS live").format(source)))


def _of_view(wanted: Wanted, columns: Sequence[str]) -> Composed:
    return _select(wanted, columns, Identifier(TENANT_VIEW))


def _select(wanted: Wanted, columns: Sequence[str], source: Composable) -> Composed:
    names = SQL(", ").join(_read(name, MONEY) for name in columns)
    query = SQL("SELECT {} FROM {} WHERE user_id = {}")
    return query.format(names, source, Literal(wanted.user_id)) + _only(wanted)


def _read(name: str, as_text: Container[str], *of: str) -> Composable:
    """A column; numbers as their text, which costs less to send and to read than numeric does."""
    cast = SQL("{}::text AS {}" if name in as_text else "{}")
    return cast.format(Identifier(*of, name), Identifier(name))


def _only(wanted: Wanted) -> Composable:
    if wanted.edge_class is None:
        return SQL("")
    return SQL(" AND edge_class = {}").format(Literal(wanted.edge_class))


def pending(snapshot: str | None) -> Composable:
    """The condition that a mark is not in the view computed on that snapshot."""
    if snapshot is None:
        return SQL("true")
    condition = "mark.xid >= {}::xid8 AND NOT pg_visible_in_snapshot(mark.xid, {}::pg_snapshot)"
    return SQL(condition).format(Literal(snapshot.partition(":")[0]), Literal(snapshot))


def marked(
    user_id: UUID, kinds: Sequence[str], which: Composable, *, told: str = "fresh"
) -> Composed:
    """The query for the ids of the relationships that these kinds of marks concern.

    `told`: which SQL it is, `fresh` for the ids alone, `feed` with what the marks say was written.
    """
    user = Literal(user_id)
    return SQL(sql.read(f"reading/{told}_marked")).format(
        user_id=user,
        kinds=Literal(list(kinds)),
        which=which,
        by_relationship=Literal([kind for kind in kinds if kind not in BY_POINTER]),
        resolved=SQL("").join(_resolved(told, user, kinds, pointer) for pointer in POINTERS),
    )


def rows(
    wanted: Wanted, columns: Sequence[str], ids: Sequence[str], *, as_text: Container[str] = ()
) -> Composed:
    """The query for these relationships as they are now."""
    parts = {"user_id": Literal(wanted.user_id), "ids": as_array(ids)}
    return SQL(sql.read("reading/fresh_rows")).format(
        columns=SQL(", ").join(_read(name, as_text, "live") for name in columns),
        live=SQL(view_sql(SOME, list(wanted.layers()))).format(**parts),
        only=_only(wanted),
        **parts,
    )


# Which column of a relationship points at the rows that these kinds of marks name.
POINTERS: dict[str, tuple[str, ...]] = {
    "source_event_id": ("event", "match"),
    "target_event_id": ("event", "match"),
    **{layer.pointer: (layer.name,) for layer in LAYERS if layer.pointer},
}
BY_POINTER = frozenset(kind for kinds in POINTERS.values() for kind in kinds)


def as_array(ids: Sequence[str]) -> Literal:
    """A PostgreSQL array of uuids, as a text."""
    return Literal("{" + ",".join(ids) + "}")


def _resolved(told: str, user: Literal, kinds: Sequence[str], pointer: str) -> Composable:
    named = [kind for kind in POINTERS[pointer] if kind in kinds]
    if not named:
        return SQL("")
    part = SQL(sql.read(f"reading/{told}_resolved"))
    names = {"pointer": Identifier(pointer), "name": Literal(pointer)}
    return part.format(user_id=user, kinds=Literal(named), **names)


def _patched(view: pa.Table, stale: pa.Table, now: pa.Table) -> pa.Table:
    """The view's rows without the stale ones, and those as they are now."""
    gone = pc.is_in(storage(view["id"]), value_set=storage(stale["id"]))
    anew = {field.name: _like(field, now[field.name]) for field in view.schema}
    return pa.concat_tables([view.filter(pc.invert(gone)), pa.table(anew)])


def _like(field: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """The column with codes where the field has them."""
    if not pa.types.is_dictionary(field.type):
        return column
    codes = pa.array(np.arange(len(column), dtype=np.int32))
    return pa.DictionaryArray.from_arrays(codes, storage(column))


def _every_pattern(wanted: Wanted, layer: Layer) -> Composed:
    """All of the layer's rows, with its columns of the view."""
    query = SQL("SELECT pattern.id, {} FROM {} AS pattern WHERE pattern.user_id = {}")
    return query.format(_pattern_columns(layer), Identifier(layer.table), Literal(wanted.user_id))


def _pattern_columns(layer: Layer) -> Composed:
    return SQL(", ").join(
        SQL("{} AS {}").format(SQL(column.sql("pattern")), Identifier(column.name))
        for column in layer.columns
    )


def _pattern_rows(wanted: Wanted, layer: Layer, state: State) -> Composed:
    """The layer's rows that pending marks name, with its columns of the view."""
    return SQL(sql.read("reading/fresh_patterns")).format(
        columns=_pattern_columns(layer),
        table=Identifier(layer.table),
        user_id=Literal(wanted.user_id),
        kind=Literal(layer.name),
        which=pending(state.snapshot),
    )


def _patterned(view: pa.Table, layer: Layer, rows: pa.Table) -> pa.Table:
    """The layer's columns anew in all rows that point at one of these."""
    at = places(view[layer.id_column], rows["id"])
    hit = pc.is_valid(at)
    for name in (name for name in _own(layer) if name in view.column_names):
        now = rows[name].combine_chunks().take(at)
        place = view.column_names.index(name)
        view = view.set_column(place, name, pc.if_else(hit, now, view[name]))
    return view
