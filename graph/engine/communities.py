"""Groups of entities that deal with one another more than with the rest."""

from dataclasses import dataclass

import networkx as nx

from graph.engine.graph import Graph
from graph.engine.projection import adjacency
from graph.engine.weights import weighted

SEED = 20


@dataclass(frozen=True, slots=True)
class Communities:
    """Node rows by community, largest first; modularity in -0.5..1 (None without edges)."""

    members: list[list[int]]
    modularity: float | None
    weights_used: dict[str, int]


def communities(graph: Graph, seed: int = SEED) -> Communities:
    """Louvain (Blondel et al., 2008) on the undirected projection, weighted as PageRank is.

    Repeatable: the same graph and seed give the same communities. A node without edges is a
    community of its own.
    """
    weights = weighted(graph)
    matrix = adjacency(graph, weights.values)
    matrix.eliminate_zeros()
    projected = nx.from_scipy_sparse_array(matrix)
    if projected.number_of_edges() == 0:
        return Communities([[i] for i in range(graph.node_count)], None, weights.used)
    found = nx.community.louvain_communities(projected, seed=seed)
    members = sorted((sorted(group) for group in found), key=lambda group: (-len(group), group[0]))
    return Communities(members, nx.community.modularity(projected, found), weights.used)
