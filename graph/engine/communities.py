"""Finds communities: groups of entities with more edges among them than to others."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from graph.engine.graph import Graph, Index
from graph.engine.native.communities import louvain
from graph.engine.projection import adjacency
from graph.engine.topology import networkit_graph
from graph.engine.weights import weighted

SEED = 20


@dataclass(frozen=True, slots=True)
class Communities:
    """Communities as lists of node rows, largest first.

    `modularity` is in -0.5..1, or None for a graph without edges.
    """

    members: list[list[int]]
    modularity: float | None
    weights_used: dict[str, int]


def communities(graph: Graph, seed: int = SEED) -> Communities:
    """Return the communities that Louvain finds (Blondel et al., 2008; by NetworKit).

    Edges have no direction, and the same weights as for PageRank. The same graph and seed give the
    same communities. A node without edges is a community of its own.
    """
    weights = weighted(graph)
    matrix = adjacency(graph, weights.values)
    matrix.eliminate_zeros()
    if matrix.nnz == 0:
        return Communities([[i] for i in range(graph.node_count)], None, weights.used)
    upper = sp.coo_array(sp.triu(matrix))
    labels = louvain(networkit_graph(upper, directed=False), 1.0, seed)
    return Communities(_members(labels), modularity(matrix, labels), weights.used)


def modularity(matrix: sp.csr_array, labels: Index) -> float:
    """Return Newman's modularity (2004) of these communities in a symmetric matrix.

    `labels` has the community of each node. A self-loop counts at both its ends.
    """
    loops = matrix.diagonal()
    degree = matrix.sum(axis=1) + loops
    total = degree.sum()
    ends = matrix.tocoo()
    within = ends.data[labels[ends.coords[0]] == labels[ends.coords[1]]].sum() + loops.sum()
    shares = np.bincount(labels, weights=degree) / total
    return float(within / total - (shares**2).sum())


def _members(labels: Index) -> list[list[int]]:
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    groups = [part.tolist() for part in np.split(order, starts[1:])]
    return sorted(groups, key=lambda group: (-len(group), group[0]))
