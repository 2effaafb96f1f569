"""Builds the view's SELECT from `sql/view/view_enriched_relationships.sql` and the layers.

The same SELECT also reads the current rows of one tenant or of some relationships.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from graph import sql
from graph.layers import LAYERS, Layer

VIEW = "view_enriched_relationships"  # rows of all tenants; the owner refreshes it
TENANT_VIEW = "tenant_relationships"  # rows of the transaction's tenant, for reading

# Columns with few distinct combinations of values. The view stores a key of the combination with
# each row, so that for a large tenant these values are sent once per key.
SHARED = (
    "relationship_type",
    "edge_class",
    "detection_method",
    "currency",
    "kind",
    *(column.name for layer in LAYERS for column in layer.columns if column.shared),
)
SHARED_KEY = "shared_key"


@dataclass(frozen=True, slots=True)
class Scope:
    """SQL conditions that limit the rows read from the three kinds of tables; by default none.

    They repeat what the joins imply, but PostgreSQL can apply them earlier. `facts` limits the
    layers of which a row is picked; with `every_fact`, the others, too, which need it where the
    tables are views.
    """

    relationships: str = ""
    matches: str = ""
    facts: str = ""
    every_fact: bool = False


EVERYTHING = Scope()
TENANT = Scope(
    relationships="relationship.user_id = {user_id}",
    matches="user_id = {user_id}",
    facts="user_id = {user_id}",
)
SOME = Scope(  # for sql/reading/fresh_rows.sql
    relationships="relationship.user_id = {user_id} AND relationship.id = ANY ({ids}::uuid[])",
    matches="user_id = {user_id} AND event_id IN (SELECT event_id FROM marked_events)",
    facts="user_id = {user_id} AND relationship_id IN (SELECT id FROM marked)",
)
PAST = Scope(  # a few rows, for graph/reading/past_relationships.py
    relationships="relationship.user_id = {user_id} AND relationship.id = ANY ({ids}::uuid[])"
    " AND source_event.id = ANY ({events}::uuid[]) AND target_event.id = ANY ({events}::uuid[])",
    matches="user_id = {user_id} AND event_id = ANY ({events}::uuid[])",
    facts="user_id = {user_id} AND relationship_id = ANY ({ids}::uuid[])",
    every_fact=True,
)
MANY_PAST = Scope(
    relationships="relationship.user_id = {user_id}"
    " AND relationship.id IN (SELECT id FROM past_ids)",
    matches="user_id = {user_id}",
    facts="user_id = {user_id} AND relationship_id IN (SELECT id FROM past_ids)",
)


def view_sql(scope: Scope = EVERYTHING, layers: Sequence[Layer] = LAYERS) -> str:
    """Return the SELECT of the materialized view: set-based, one row per live relationship."""
    return sql.read(f"view/{VIEW}").format(
        columns="".join(f",\n    {column}" for layer in layers for column in _columns(layer)),
        joins="\n".join(_join(layer, scope) for layer in layers),
        matches=f"\n    WHERE {scope.matches}" if scope.matches else "",
        relationships=f"\n    AND {scope.relationships}" if scope.relationships else "",
    )


def materialized_sql() -> str:
    """Return the view's SELECT with the column SHARED_KEY, a hash of 64 bits.

    Two relationships of one tenant have the same key only if their SHARED columns are equal.
    """
    key = f"hash_record_extended(ROW({', '.join(SHARED)}), 0) AS {SHARED_KEY}"
    return f"SELECT *, {key}\nFROM (\n{view_sql()}\n) AS enriched"


def _columns(layer: Layer) -> list[str]:
    values = [f"{column.sql(layer.name)} AS {column.name}" for column in layer.columns]
    return [f"{layer.name}.id AS {layer.id_column}", *values]


def _join(layer: Layer, scope: Scope) -> str:
    if layer.is_pattern:
        on = f"{layer.name}.id = relationship.{layer.pointer}"
    else:
        on = f"{layer.name}.relationship_id = relationship.id"
    return (
        f"LEFT JOIN {_rows(layer, scope)} AS {layer.name}\n"
        f"    ON {layer.name}.user_id = relationship.user_id AND {on}"
    )


def _rows(layer: Layer, scope: Scope) -> str:
    """Return SQL for the layer's rows, of which at most one is about a relationship.

    If the layer may have several rows about one, a query selects the best of them.
    """
    if not layer.pick:
        if layer.is_pattern or not scope.every_fact:
            return layer.table
        return f"(SELECT * FROM {layer.table} WHERE {scope.facts})"  # noqa: S608
    needed = dict.fromkeys(["id", *(name for column in layer.columns for name in column.sources)])
    conditions = [condition for condition in (layer.only, scope.facts) if condition]
    where = f"\n    WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"(\n    SELECT DISTINCT ON (user_id, relationship_id) user_id, relationship_id, "  # noqa: S608
        f"{', '.join(needed)}\n    FROM {layer.table}{where}\n"
        f"    ORDER BY user_id, relationship_id, {layer.pick}, id\n)"
    )
