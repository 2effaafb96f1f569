"""Key figures of a graph."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from graph.engine.graph import Graph
from graph.engine.projection import adjacency
from graph.layers import LAYERS


@dataclass(frozen=True, slots=True)
class Stats:
    """Key figures of a graph with n nodes and m edges.

    `average_degree` is 2m/n. `density` is m / n(n-1), which is above 1 if there are enough parallel
    edges. `components` counts weakly connected components; a node without edges is one.
    `unresolved` and `dangling` count the relationships that are not edges (see Graph). `layers`
    counts, for each layer, the edges that have a value of it.
    """

    nodes: int
    edges: int
    average_degree: float
    density: float
    components: int
    unresolved: int
    dangling: int
    layers: dict[str, int]


PRESENCE = tuple(layer.presence for layer in LAYERS)


def stats(graph: Graph) -> Stats:
    n, m = graph.node_count, graph.edge_count
    return Stats(
        nodes=n,
        edges=m,
        average_degree=2 * m / n if n else 0.0,
        density=m / (n * (n - 1)) if n > 1 else 0.0,
        components=components(graph),
        unresolved=graph.unresolved,
        dangling=graph.dangling,
        layers={
            layer.name: m - graph.edges[layer.presence].null_count
            for layer in LAYERS
            if layer.presence in graph.edges.column_names
        },
    )


def components(graph: Graph) -> int:
    """Return the number of weakly connected components; 0 for a graph without nodes."""
    if graph.node_count == 0:
        return 0
    matrix = adjacency(graph, np.ones(graph.edge_count))
    return int(connected_components(matrix, directed=False, return_labels=False))
