"""Compares two networkx multigraphs: nodes, edges, keys and every attribute."""

from typing import Any

import networkx as nx


def same_graph(one: "nx.MultiDiGraph[Any]", other: "nx.MultiDiGraph[Any]") -> bool:
    """Return whether the graphs are equal. Types count: "1.0000" and 1.0 differ, and so do True and
    1."""
    return (
        typed(one.graph) == typed(other.graph)
        and _nodes(one) == _nodes(other)
        and _edges(one) == _edges(other)
    )


def typed(attributes: dict[str, Any]) -> dict[str, tuple[type, Any]]:
    return {name: (type(value), value) for name, value in attributes.items()}


def _nodes(graph: "nx.MultiDiGraph[Any]") -> dict[Any, Any]:
    return {node: typed(attributes) for node, attributes in graph.nodes(data=True)}


def _edges(graph: "nx.MultiDiGraph[Any]") -> dict[Any, Any]:
    return {
        (source, target, key): typed(attributes)
        for source, target, key, attributes in graph.edges(keys=True, data=True)
    }
