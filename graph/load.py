"""The view → Arrow columns → the engine's graph, in two queries and one snapshot."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.sql import SQL, Composed, Identifier, Literal

from graph.arrow import tenant_snapshot
from graph.definition import TENANT_VIEW
from graph.engine.graph import Graph, build
from graph.layers import LAYERS

ENDS = ("id", "source_entity_id", "target_entity_id")
FACTS = (
    "relationship_type",
    "edge_class",
    "confidence_score",
    "detection_method",
    "reason",
    "source_event_id",
    "target_event_id",
    "occurred_at",
    "amount",
    "currency",
    "document_ref",
    "transaction_ref",
)
LAYER_COLUMNS = tuple(
    name for layer in LAYERS for name in (layer.id_column, *(c.name for c in layer.columns))
)
ALL = (*FACTS, *LAYER_COLUMNS)


def load(
    user_id: UUID, columns: Sequence[str] = ALL, *, edge_class: str | None = None
) -> tuple[Graph, int]:
    """The tenant's graph with these edge columns, and the number of queries it took (2).

    `edge_class="flow"` leaves the links out. Raises ValueError for a column that the view has not,
    ViewMissing and ViewUnpopulated.
    """
    unknown = set(columns) - set(ALL)
    if unknown:
        raise ValueError(f"The view has no column {', '.join(sorted(unknown))}.")
    with tenant_snapshot(user_id) as reader:
        edges = reader.table(_edges(user_id, columns, edge_class))
        nodes = reader.table(_nodes(user_id))
    return build(nodes, edges), reader.queries


def _edges(user_id: UUID, columns: Sequence[str], edge_class: str | None) -> Composed:
    names = SQL(", ").join(Identifier(name) for name in dict.fromkeys((*ENDS, *columns)))
    query = SQL("SELECT {} FROM {} WHERE user_id = {}").format(
        names, Identifier(TENANT_VIEW), Literal(user_id)
    )
    if edge_class is None:
        return query
    return query + SQL(" AND edge_class = {}").format(Literal(edge_class))


def _nodes(user_id: UUID) -> Composed:
    return SQL(
        "SELECT id, kind, name FROM normalized_entities "
        "WHERE user_id = {} AND merged_into_id IS NULL ORDER BY id"
    ).format(Literal(user_id))
