"""Connected components by SciPy, ordered by their first nodes."""

from collections.abc import Hashable, Iterator

import networkx as nx
import numpy as np
from scipy.sparse.csgraph import connected_components as label_components

from graph.engine.topology import Index, Topology

Nodes = set[Hashable]


def connected_components(G: Topology) -> Iterator[Nodes]:
    return groups(G, _labels(G, "weak"))


def weakly_connected_components(G: Topology) -> Iterator[Nodes]:
    return groups(G, _labels(G, "weak"))


def strongly_connected_components(G: Topology) -> Iterator[Nodes]:
    return groups(G, _labels(G, "strong"))


def number_connected_components(G: Topology) -> int:
    return _count(G, "weak")


def number_weakly_connected_components(G: Topology) -> int:
    return _count(G, "weak")


def number_strongly_connected_components(G: Topology) -> int:
    return _count(G, "strong")


def is_connected(G: Topology) -> bool:
    return _one(G, "weak")


def is_weakly_connected(G: Topology) -> bool:
    return _one(G, "weak")


def is_strongly_connected(G: Topology) -> bool:
    return _one(G, "strong")


def node_connected_component(G: Topology, n: Hashable) -> Nodes:
    place, labels = G.index[n], _labels(G, "weak")
    return {G.labels[i] for i in np.flatnonzero(labels == labels[place]).tolist()}


def groups(G: Topology, labels: Index) -> Iterator[Nodes]:
    """Yield the set of nodes with each label, ordered by the set's first node."""
    if G.n == 0:
        return
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    parts = np.split(order, starts[1:])
    for part in sorted(parts, key=lambda places: int(places[0])):
        yield {G.labels[i] for i in part.tolist()}


def _labels(G: Topology, connection: str) -> Index:
    if G.n == 0:
        return np.zeros(0, np.int64)
    _, labels = label_components(G.simple, directed=G.directed, connection=connection)
    return np.asarray(labels, np.int64)


def _count(G: Topology, connection: str) -> int:
    return int(_labels(G, connection).max(initial=-1)) + 1


def _one(G: Topology, connection: str) -> bool:
    if G.n == 0:
        raise nx.NetworkXPointlessConcept("Connectivity is undefined for the null graph.")
    return _count(G, connection) == 1
