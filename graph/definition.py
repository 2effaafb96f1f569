"""The view's SELECT, put together from `sql/view_enriched_relationships.sql` and the layers."""

from graph import sql
from graph.layers import LAYERS, Layer

VIEW = "view_enriched_relationships"  # every tenant's: the owner refreshes it
TENANT_VIEW = "tenant_relationships"  # what is read of it: the transaction's tenant's rows


def view_sql() -> str:
    """The SELECT of the materialized view: set-based, one row per live relationship."""
    return sql.read(VIEW).format(
        columns=",\n    ".join(column for layer in LAYERS for column in _columns(layer)),
        joins="\n".join(_join(layer) for layer in LAYERS),
    )


def _columns(layer: Layer) -> list[str]:
    values = [f"{column.sql(layer.name)} AS {column.name}" for column in layer.columns]
    return [f"{layer.name}.id AS {layer.id_column}", *values]


def _join(layer: Layer) -> str:
    if layer.is_pattern:
        on = f"{layer.name}.id = relationship.{layer.pointer}"
    else:
        on = f"{layer.name}.relationship_id = relationship.id"
    return (
        f"LEFT JOIN {_rows(layer)} AS {layer.name}\n"
        f"    ON {layer.name}.user_id = relationship.user_id AND {on}"
    )


def _rows(layer: Layer) -> str:
    """The layer's table, or the best row of each relationship where there may be several."""
    if not layer.pick:
        return layer.table
    needed = dict.fromkeys(["id", *(name for column in layer.columns for name in column.sources)])
    where = f"\n    WHERE {layer.only}" if layer.only else ""
    return (
        f"(\n    SELECT DISTINCT ON (user_id, relationship_id) user_id, relationship_id, "  # noqa: S608
        f"{', '.join(needed)}\n    FROM {layer.table}{where}\n"
        f"    ORDER BY user_id, relationship_id, {layer.pick}, id\n)"
    )
