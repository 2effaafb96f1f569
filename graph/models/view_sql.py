"""The view's SELECT, put together from `sql/view_enriched_relationships.sql` and the layers.

The same SELECT reads what the view would hold of one tenant, or of some relationships, now.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from graph import sql
from graph.layers import LAYERS, Layer

VIEW = "view_enriched_relationships"  # every tenant's: the owner refreshes it
TENANT_VIEW = "tenant_relationships"  # what is read of it: the transaction's tenant's rows

# Columns with few values, in all of which a relationship is as thousands of others are; the view
# keeps with each row a key of them, so that a large tenant's are sent once for each key.
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
    """Which rows are read: SQL conditions on the three kinds of tables, all by default.

    They say nothing that the joins do not say already, only earlier.
    """

    relationships: str = ""
    matches: str = ""
    facts: str = ""


EVERYTHING = Scope()
TENANT = Scope(
    relationships="relationship.user_id = {user_id}",
    matches="user_id = {user_id}",
    facts="user_id = {user_id}",
)
SOME = Scope(  # of sql/fresh_rows.sql
    relationships="relationship.user_id = {user_id} AND relationship.id = ANY ({ids}::uuid[])",
    matches="user_id = {user_id} AND event_id IN (SELECT event_id FROM marked_events)",
    facts="user_id = {user_id} AND relationship_id IN (SELECT id FROM marked)",
)


def view_sql(scope: Scope = EVERYTHING, layers: Sequence[Layer] = LAYERS) -> str:
    """The SELECT of the materialized view: set-based, one row per live relationship."""
    return sql.read(f"view/{VIEW}").format(
        columns="".join(f",\n    {column}" for layer in layers for column in _columns(layer)),
        joins="\n".join(_join(layer, scope) for layer in layers),
        matches=f"\n    WHERE {scope.matches}" if scope.matches else "",
        relationships=f"\n    AND {scope.relationships}" if scope.relationships else "",
    )


def materialized_sql() -> str:
    """The view's SELECT with the key: 64 bits of a hash, told apart within one tenant only."""
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
    """The layer's table, or the best row of each relationship where there may be several."""
    if not layer.pick:
        return layer.table
    needed = dict.fromkeys(["id", *(name for column in layer.columns for name in column.sources)])
    conditions = [each for each in (layer.only, scope.facts) if each]
    where = f"\n    WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"(\n    SELECT DISTINCT ON (user_id, relationship_id) user_id, relationship_id, "  # noqa: S608
        f"{', '.join(needed)}\n    FROM {layer.table}{where}\n"
        f"    ORDER BY user_id, relationship_id, {layer.pick}, id\n)"
    )
