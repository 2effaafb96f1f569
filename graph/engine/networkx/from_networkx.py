"""networkx's own graphs as arrays, for the compiled algorithms."""

from collections.abc import Hashable
from typing import Any

import networkx as nx
import numpy as np

from graph.engine.topology import Floats, Topology, Unsupported

KINDS = (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)


class Foreign:
    """A networkx graph that has been read; it is kept, to be given back where it is asked for."""

    __networkx_backend__ = "finley"

    def __init__(self, original: "nx.Graph[Any]") -> None:
        self.original = original
        self.topology = topology(original)

    def is_directed(self) -> bool:
        return self.topology.directed

    def is_multigraph(self) -> bool:
        return self.topology.multigraph


def topology(graph: "nx.Graph[Any]") -> Topology:
    """Raises Unsupported for a class of somebody's own, whose edges may be made up when asked."""
    if type(graph) not in KINDS:
        raise Unsupported(f"a {type(graph).__name__}")
    labels: list[Hashable] = list(graph)
    index = {label: place for place, label in enumerate(labels)}
    edges = list(graph.edges(data=True))
    ends = np.array([(index[u], index[v]) for u, v, _ in edges], np.int64).reshape(-1, 2)
    attributes = [each for *_, each in edges]
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
    given = [each.get(name, 1) for each in attributes]
    try:
        return np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise Unsupported(f"{name} is not a number on every edge") from None
