"""Loads a graph in one snapshot: corrected view → Arrow columns → the engine's graph."""

from collections.abc import Sequence
from contextlib import ExitStack
from uuid import UUID

from graph import metrics
from graph.database.arrow import tenant_snapshot
from graph.engine.graph import Graph, build
from graph.layers import LAYERS
from graph.reading import current_graph
from graph.reading.current_graph import EdgeQuery

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
    "kind",
    "payment_group_id",
)
LAYER_COLUMNS = tuple(
    name for layer in LAYERS for name in (layer.id_column, *(c.name for c in layer.columns))
)
ALL = (*FACTS, *LAYER_COLUMNS)
LARGE = 5_000  # entities; from about here, separate queries for some layers save time


def load(
    user_id: UUID, columns: Sequence[str] = ALL, *, edge_class: str | None = None
) -> tuple[Graph, int]:
    """Return the tenant's graph with these edge columns, and the number of queries that it took.

    The graph is as current as the tables. It takes 2 queries if nothing has changed since the view
    was refreshed, and a few more otherwise or if the tenant is LARGE. `edge_class="flow"` leaves
    links out. Raises ValueError for a column that the view does not have, ViewMissing,
    ViewUnpopulated.
    """
    unknown = set(columns) - set(ALL)
    if unknown:
        raise ValueError(f"The view has no column {', '.join(sorted(unknown))}.")
    query = EdgeQuery(user_id, tuple(dict.fromkeys((*ENDS, *columns))), edge_class)
    build_metrics = metrics.Build()
    with ExitStack() as ends:
        with build_metrics.phase("connect"):
            reader = ends.enter_context(tenant_snapshot(user_id))
        with build_metrics.phase("nodes"):
            nodes, state = current_graph.nodes(reader, user_id)
        with build_metrics.phase("edges"):
            large = nodes.num_rows >= LARGE
            edges = current_graph.edges(reader, query, state, apart=large)
    with build_metrics.phase("index"):
        graph = build(nodes, edges, state.version)
    build_metrics.done(graph.edge_count)
    return graph, reader.queries
