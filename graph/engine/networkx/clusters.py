"""Core numbers, triangles, clustering and transitivity of simple undirected graphs."""

from collections.abc import Hashable
from typing import Any

import networkx as nx
import numpy as np
import rustworkx as rx
import scipy.sparse as sp

from graph.engine.topology import Index, Topology, Unsupported, Weight


def core_number(G: Topology) -> dict[Hashable, int]:
    """Return the core number of each node, by rustworkx (Batagelj & Zaversnik, 2003)."""
    if G.directed:
        raise Unsupported("core numbers of a directed graph")
    if (G.source == G.target).any():
        raise nx.NetworkXNotImplemented(
            "Input graph has self loops which is not permitted; "
            "Consider using G.remove_edges_from(nx.selfloop_edges(G))."
        )
    numbers: Any = rx.core_number(G.rustworkx())
    return {label: int(numbers[place]) for place, label in enumerate(G.labels)}


def triangles(G: Topology, nodes: Any = None) -> Any:
    """Return the number of triangles at each node, or at one node."""
    return _selected(G, dict(zip(G.labels, corners(G).tolist(), strict=True)), nodes)


def clustering(G: Topology, nodes: Any = None, weight: Weight = None) -> Any:
    """Return the clustering coefficient of each node, or of one node: the share of its pairs of
    neighbours that are connected."""
    if G.directed or G.multigraph or weight is not None:
        raise Unsupported("clustering of a directed or multigraph, or a weighted one")
    return _selected(G, dict(zip(G.labels, _clustering(G), strict=True)), nodes)


def average_clustering(
    G: Topology, nodes: Any = None, weight: Weight = None, count_zeros: bool = True
) -> float:
    if G.directed or G.multigraph or weight is not None or nodes is not None or not count_zeros:
        raise Unsupported("clustering of some nodes, directed or weighted")
    shares = _clustering(G)
    return sum(shares) / len(shares)


def transitivity(G: Topology) -> float:
    """Return the share (0..1) of all paths of two edges that are part of a triangle."""
    if G.directed or G.multigraph:
        raise Unsupported("transitivity of a directed graph")
    degree = _degree(G)
    closed, paths = int(2 * corners(G).sum()), int((degree * (degree - 1)).sum())
    return closed / paths if closed else 0


def corners(G: Topology) -> Index:
    """Return, for each node, the number of triangles that have it as a corner.

    Edges point from the node of smaller degree to that of greater degree (Chiba & Nishizeki, 1985).
    Without this, all pairs of neighbours of a hub would be tried. Each triangle is found once, as u
    → v → w with u → w.
    """
    degree = _degree(G)
    place = np.empty(G.n, np.int64)
    place[np.argsort(degree, kind="stable")] = np.arange(G.n)
    one, other = (place[ends] for ends in G.pairs)
    ends = np.minimum(one, other), np.maximum(one, other)
    up = sp.csr_array((np.ones(len(one), np.int64), ends), shape=(G.n, G.n))
    first_last = (up @ up).multiply(up)
    middle_last = (up.T @ up).multiply(up)
    counts = first_last.sum(axis=1) + first_last.sum(axis=0) + middle_last.sum(axis=1)
    return np.asarray(counts, np.int64)[place]


def _clustering(G: Topology) -> list[float]:
    degree = _degree(G)
    pairs = degree * (degree - 1)
    closed = 2 * corners(G)
    shares = np.divide(closed, pairs, where=closed > 0, out=np.zeros(G.n)).tolist()
    return [share or 0 for share in shares]


def _degree(G: Topology) -> Index:
    return np.asarray(np.diff(G.simple.indptr), np.int64)


def _selected(G: Topology, values: dict[Hashable, Any], nodes: Any) -> Any:
    """Return the part of `values` (node → value) that networkx means by `nodes`.

    That is the whole dict for None, one value for a node, and a dict for a list of nodes. Unknown
    nodes in a list are ignored.
    """
    if nodes is None:
        return values
    try:
        if nodes in values:
            return values[nodes]
    except TypeError:  # a list of nodes is not a node
        pass
    return {node: values[node] for node in nodes if node in values}
