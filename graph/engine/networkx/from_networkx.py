"""Reads networkx's own graphs into arrays for the compiled algorithms."""

from collections.abc import Hashable
from typing import Any

import networkx as nx
import numpy as np

from graph.engine.topology import Floats, Topology, Unsupported

KINDS = (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)


class NetworkxGraph:
    """A networkx graph together with its arrays. Converting it back returns the original graph."""

    __networkx_backend__ = "finley"

    def __init__(self, original: "nx.Graph[Any]") -> None:
        self.original = original
        self.topology = topology(original)

    def is_directed(self) -> bool:
        return self.topology.directed

    def is_multigraph(self) -> bool:
        return self.topology.multigraph


def topology(graph: "nx.Graph[Any]") -> Topology:
    """Return the arrays of a networkx graph.

    Raises Unsupported for subclasses of networkx's graphs, whose edges may be computed.
    """
    if type(graph) not in KINDS:
        raise Unsupported(f"a {type(graph).__name__}")
    labels: list[Hashable] = list(graph)
    index = {label: position for position, label in enumerate(labels)}
    edges = list(graph.edges(data=True))
    ends = np.array([(index[u], index[v]) for u, v, _ in edges], np.int64).reshape(-1, 2)
    attributes = [attribute for *_, attribute in edges]
    return Topology(
        labels=labels,
        source=ends[:, 0],
        target=ends[:, 1],
        directed=graph.is_directed(),
        multigraph=graph.is_multigraph(),
        read=lambda name: _numbers(attributes, name),
    )


def _numbers(attributes: list[dict[str, Any]], name: str) -> Floats:
    if callable(name):
        raise Unsupported("a function as weight")
    numbers = [edge.get(name, 1) for edge in attributes]
    try:
        return np.array(numbers, dtype=float)
    except (TypeError, ValueError):
        raise Unsupported(f"{name} is not a number on every edge") from None
