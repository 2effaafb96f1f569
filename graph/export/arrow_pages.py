"""A tenant's graph, relationships and entities as Arrow tables, page by page, for export."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from graph import sql
from graph.database.arrow import TenantReader, tenant_snapshot
from graph.engine.columns import as_strings
from graph.engine.graph import build
from graph.engine.text_formats import Contents
from graph.layers import LAYERS, ColumnType
from graph.models.view_sql import TENANT_VIEW
from graph.reading import corrected_view, current_graph
from graph.reading.load_graph import ALL, ENDS
from graph.view.version import State

WHOLE = 2**62
PAGE = 20_000  # rows in memory at a time
MONEY = pa.decimal128(20, 4)
TYPES: dict[ColumnType, pa.DataType] = {
    "score": pa.float64(),
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "months": pa.list_(pa.int16()),
    "date": pa.date32(),
    "uuid": pa.string(),
    "money": MONEY,
    "flag": pa.bool_(),
}
AS_TEXT = ("uuid", "money")  # types that arrive from PostgreSQL as Arrow extension types
LAYER_TYPES: dict[str, ColumnType] = {
    name: kind
    for layer in LAYERS
    for name, kind in ((layer.id_column, "uuid"), *((c.name, c.type) for c in layer.columns))
}
RELATIONSHIPS = pa.schema(
    [
        ("relationship_id", pa.string()),
        ("relationship_type", pa.string()),
        ("edge_class", pa.string()),
        ("confidence_score", pa.float64()),
        ("detection_method", pa.string()),
        ("source_file", pa.string()),
        ("source_key", pa.string()),
        ("target_file", pa.string()),
        ("target_key", pa.string()),
        ("source_entity_id", pa.string()),
        ("source_entity", pa.string()),
        ("target_entity_id", pa.string()),
        ("target_entity", pa.string()),
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("amount", MONEY),
        ("currency", pa.string()),
        ("kind", pa.string()),
        ("payment_group_id", pa.string()),
        *((name, TYPES[kind]) for name, kind in LAYER_TYPES.items()),
    ]
)
ENTITIES = pa.schema(
    [
        ("id", pa.string()),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("identity", pa.string()),
        ("keys", pa.string()),
        ("events", pa.int64()),
        ("spellings", pa.list_(pa.string())),
    ]
)
NOTHING = SQL("")
Query = Callable[[dict[str, Any]], Composable]  # takes the position after which the page begins
BEFORE_ALL = {"after_day": Literal("-infinity"), "after_id": Literal(str(UUID(int=0)))}


@dataclass(frozen=True, slots=True)
class Export:
    """An export of `total` rows in one snapshot. Each of `pages` is read when it is requested."""

    schema: pa.Schema
    total: int
    pages: Iterator[pa.Table]


@contextmanager
def relationships(user_id: UUID, page_rows: int = PAGE) -> Iterator[Export]:
    """Yield the export of the current relationships and their layers, ordered by (occurred_at, id).

    `source_key` and `target_key` are the rows' own keys in their files (`raw_events.external_id`).
    Raises ViewMissing and ViewUnpopulated.
    """
    page = SQL(sql.read("reading/export_relationships"))
    parts = {"user_id": Literal(user_id), "rows": Literal(page_rows), "layers": _layers()}
    with tenant_snapshot(user_id) as reader:
        _, state = current_graph.nodes(reader, user_id)
        before = _with_changes(reader, user_id, state)
        total = _count(reader, user_id, TENANT_VIEW, before)
        # If changed rows are mixed in, a page may end before the view's next rows. The inner query
        # has no bound then.
        parts["within"] = Literal(WHOLE if before.as_string() else page_rows)
        pages = _pages(reader, RELATIONSHIPS, lambda after: before + page.format(**parts, **after))
        yield Export(RELATIONSHIPS, total, pages)


@contextmanager
def entities(user_id: UUID, page_rows: int = PAGE) -> Iterator[Export]:
    """Yield the export of all of the tenant's entities by id, also those without events.

    `keys` is a JSON object.
    """
    page = SQL(sql.read("reading/export_entities"))
    parts = {"user_id": Literal(user_id), "rows": Literal(page_rows)}
    with tenant_snapshot(user_id, hashed=True) as reader:
        total = _count(reader, user_id, "normalized_entities")
        pages = _pages(reader, ENTITIES, lambda after: page.format(**parts, **after))
        yield Export(ENTITIES, total, pages)


@contextmanager
def graph(
    user_id: UUID,
    columns: Sequence[str] = ALL,
    *,
    edge_class: str | None = None,
    page_rows: int = PAGE,
) -> Iterator[Contents]:
    """Yield the tenant's graph as `load` returns it, in one snapshot, with its edges in pages.

    Memory holds all nodes and one page of edges. Edges are ordered by (occurred_at, id). Raises
    ValueError for a column that the view does not have, ViewMissing, ViewUnpopulated.
    """
    unknown = set(columns) - set(ALL)
    if unknown:
        raise ValueError(f"The view has no column {', '.join(sorted(unknown))}.")
    with tenant_snapshot(user_id) as reader:
        nodes, state = current_graph.nodes(reader, user_id)
        before = _with_changes(reader, user_id, state)
        query = _edges_query(user_id, columns, before, page_rows)
        first = reader.table(query(BEFORE_ALL))
        counts = {"nodes": nodes.num_rows, "edges": 0, "unresolved": 0, "dangling": 0}
        contents = Contents(
            nodes, pa.schema([]), iter(()), {**counts, "as_of_version": state.version}
        )
        contents.columns = _edges(contents, first.slice(0, 0), columns, edge_class).schema
        contents.pages = (
            _edges(contents, page, columns, edge_class)
            for page in _edge_pages(reader, query, first, page_rows)
        )
        yield contents


def _edges_query(
    user_id: UUID, columns: Sequence[str], before: Composable, page_rows: int
) -> Query:
    names = dict.fromkeys((*ENDS, "occurred_at", "edge_class", *columns))
    page = SQL(sql.read("reading/export_edges"))
    parts = {
        "columns": SQL(", ").join(Identifier(name) for name in names),
        "user_id": Literal(user_id),
        "rows": Literal(page_rows),
        "within": Literal(WHOLE if before.as_string() else page_rows),
    }
    return lambda after: before + page.format(**parts, **after)


def _edge_pages(
    reader: TenantReader, query: Query, page: pa.Table, page_rows: int
) -> Iterator[pa.Table]:
    while True:
        yield page
        if page.num_rows < page_rows:
            return
        last = {"after_day": page["occurred_at"][-1], "after_id": page["id"][-1]}
        page = reader.table(query({name: Literal(at.as_py()) for name, at in last.items()}))


def _edges(
    contents: Contents, page: pa.Table, columns: Sequence[str], edge_class: str | None
) -> pa.Table:
    """Return the page's rows that are edges of that class, and count them in `contents.facts`.

    A row is an edge if both of its entities are nodes.
    """
    if edge_class is not None:
        page = page.filter(pc.equal(page["edge_class"], edge_class))
    part = build(contents.nodes, page)
    counts = {"edges": part.edge_count, "unresolved": part.unresolved, "dangling": part.dangling}
    contents.facts |= {name: contents.facts[name] + count for name, count in counts.items()}
    source, target = (contents.nodes["id"].take(pa.array(x)) for x in (part.source, part.target))
    ends = pa.table({"id": part.edges["id"], "source": source, "target": target})
    for name in columns:
        ends = ends.append_column(part.edges.schema.field(name), part.edges[name])
    return ends


def _layers() -> Composed:
    return SQL(",\n    ").join(
        SQL("page.{0}::text AS {0}" if kind in AS_TEXT else "page.{0}").format(Identifier(name))
        for name, kind in LAYER_TYPES.items()
    )


def _pages(reader: TenantReader, schema: pa.Schema, query: Query) -> Iterator[pa.Table]:
    """Yield pages, each of which begins after the last row of the one before, so no row is read
    twice."""
    after: dict[str, Any] = BEFORE_ALL
    while (page := reader.table(query(after))).num_rows:
        yield page.cast(schema)
        after = {"after_id": Literal(page.column(0)[-1].as_py())}
        if "occurred_at" in schema.names:
            after["after_day"] = Literal(page["occurred_at"][-1].as_py())


def _with_changes(reader: TenantReader, user_id: UUID, state: State) -> Composed:
    """Return a WITH clause after which the view's name stands for its rows as they are in this
    snapshot."""
    query = corrected_view.stale(user_id, state)
    ids = [] if query is None else as_strings(reader.table(query)["id"])
    return Composed([corrected_view.with_changes(user_id, state, ids)])


def _count(reader: TenantReader, user_id: UUID, table: str, before: Composable = NOTHING) -> int:
    query = SQL("{}SELECT count(*) FROM {} WHERE user_id = {}")
    result = reader.table(query.format(before, Identifier(table), Literal(user_id)))
    return int(result.column(0)[0].as_py())
