"""Converts a graph to networkx."""

from typing import Any

import networkx as nx

from graph.engine.columns import values
from graph.engine.graph import Graph


def to_networkx(graph: Graph) -> "nx.MultiDiGraph[str]":
    """Return the graph as a networkx MultiDiGraph whose nodes are entity ids (text) with kind and
    name.

    An edge's key is its relationship's id; its attributes are the graph's edge columns.
    `unresolved` and `dangling` are attributes of the graph.
    """
    result: nx.MultiDiGraph[str] = nx.MultiDiGraph(
        unresolved=graph.unresolved, dangling=graph.dangling
    )
    ids = graph.node_ids()
    kinds, names = values(graph.nodes["kind"]), values(graph.nodes["name"])
    result.add_nodes_from(
        (node, {"kind": kind, "name": name})
        for node, kind, name in zip(ids, kinds, names, strict=True)
    )
    edges: Any = _edges(graph, ids)  # with keys, which types-networkx does not know
    result.add_edges_from(edges)
    return result


def _edges(graph: Graph, ids: list[str]) -> "zip[tuple[str, str, str, dict[str, object]]]":
    columns = [name for name in graph.edges.column_names if name != "id"]
    rows = zip(*(values(graph.edges[name]) for name in columns), strict=True)
    attributes = (
        [dict(zip(columns, row, strict=True)) for row in rows]
        if columns
        else [{} for _ in range(graph.edge_count)]
    )
    return zip(
        [ids[i] for i in graph.source.tolist()],
        [ids[i] for i in graph.target.tolist()],
        values(graph.edges["id"]),
        attributes,
        strict=True,
    )
