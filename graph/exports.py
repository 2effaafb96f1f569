"""A tenant's relationships and entities as tables, page by page, for others to score or to keep."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyarrow as pa
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from graph import fresh, overlay, sql
from graph.arrow import TenantReader, tenant_snapshot
from graph.definition import TENANT_VIEW
from graph.engine.columns import as_strings
from graph.layers import LAYERS, ColumnType

WHOLE = 2**62
PAGE = 20_000  # rows; what is in memory at a time
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
AS_TEXT = ("uuid", "money")  # Arrow has them from PostgreSQL as extension types
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
BEFORE_ALL = {"after_day": Literal("-infinity"), "after_id": Literal(str(UUID(int=0)))}


@dataclass(frozen=True, slots=True)
class Export:
    """`pages` are read as they are asked for; `total` rows in all, in one snapshot."""

    schema: pa.Schema
    total: int
    pages: Iterator[pa.Table]


@contextmanager
def relationships(user_id: UUID, page_rows: int = PAGE) -> Iterator[Export]:
    """The view's rows, as fresh as the tables, by (occurred_at, id).

    Raises ViewMissing and ViewUnpopulated.

    `source_key` and `target_key` are the rows' own keys in their files (`raw_events.external_id`).
    """
    page = SQL(sql.read("export_relationships"))
    parts = {"user_id": Literal(user_id), "rows": Literal(page_rows), "layers": _layers()}
    with tenant_snapshot(user_id) as reader:
        before = _with_changes(reader, user_id)
        total = _count(reader, user_id, TENANT_VIEW, before)
        # rows that are not the view's may leave its next ones out: then they are no bound
        parts["within"] = Literal(WHOLE if before.as_string() else page_rows)
        pages = _pages(reader, RELATIONSHIPS, lambda after: before + page.format(**parts, **after))
        yield Export(RELATIONSHIPS, total, pages)


@contextmanager
def entities(user_id: UUID, page_rows: int = PAGE) -> Iterator[Export]:
    """The tenant's entities by id, those without an event too. `keys` is a JSON object."""
    page = SQL(sql.read("export_entities"))
    parts = {"user_id": Literal(user_id), "rows": Literal(page_rows)}
    with tenant_snapshot(user_id, hashed=True) as reader:
        total = _count(reader, user_id, "normalized_entities")
        pages = _pages(reader, ENTITIES, lambda after: page.format(**parts, **after))
        yield Export(ENTITIES, total, pages)


def _layers() -> Composed:
    return SQL(",\n    ").join(
        SQL("page.{0}::text AS {0}" if kind in AS_TEXT else "page.{0}").format(Identifier(name))
        for name, kind in LAYER_TYPES.items()
    )


def _pages(
    reader: TenantReader, schema: pa.Schema, query: Callable[[dict[str, Any]], Composable]
) -> Iterator[pa.Table]:
    """Keyset pages: each begins after the last row of the one before, so none reads it again."""
    after: dict[str, Any] = BEFORE_ALL
    while (page := reader.table(query(after))).num_rows:
        yield page.cast(schema)
        after = {"after_id": Literal(page.column(0)[-1].as_py())}
        if "occurred_at" in schema.names:
            after["after_day"] = Literal(page["occurred_at"][-1].as_py())


def _with_changes(reader: TenantReader, user_id: UUID) -> Composed:
    """What makes the view's name stand for its rows as they are now, in this snapshot."""
    _, state = fresh.nodes(reader, user_id)
    query = overlay.stale(user_id, state)
    ids = [] if query is None else as_strings(reader.table(query)["id"])
    return Composed([overlay.with_changes(user_id, state, ids)])


def _count(reader: TenantReader, user_id: UUID, table: str, before: Composable = NOTHING) -> int:
    query = SQL("{}SELECT count(*) FROM {} WHERE user_id = {}")
    counted = reader.table(query.format(before, Identifier(table), Literal(user_id)))
    return int(counted.column(0)[0].as_py())
