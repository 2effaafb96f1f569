"""Runs the same algorithms in finley, through networkx's interface and in other libraries, on data
that is prepared before."""

from collections.abc import Callable
from typing import Any

import igraph
import networkit as nk
import networkx as nx
import numpy as np
import rustworkx as rx
import scipy.sparse as sp

from graph.engine.graph import build
from graph.engine.native.centrality import ranks
from graph.engine.native.communities import louvain
from graph.engine.networkx.columnar import ColumnarGraph
from graph.engine.topology import Steps
from tests.graph.engine import tables

Peers = dict[str, dict[str, Callable[[], Any]]]
SEED = 1
SAMPLED = 50  # networkx computes only every 50th source, and its time is multiplied
BETWEENNESS = (5_000, 50_000)  # nodes, edges


def questions(large: ColumnarGraph, middle: ColumnarGraph) -> Peers:
    """For each algorithm, by library, a function without parameters that only computes, on data
    that is prepared for that library here."""
    return {
        "pagerank": _pagerank(large),
        "louvain": _louvain(middle),
        "betweenness": _betweenness(),
    }


def _pagerank(graph: ColumnarGraph) -> dict[str, Callable[[], Any]]:
    matrix, plain = graph.topology.matrix(None), _plain(graph)
    n = matrix.shape[0]
    even = np.full(n, 1 / n)
    ends = np.column_stack([graph.columns.source, graph.columns.target]).tolist()
    directed_igraph = igraph.Graph(n=n, edges=ends, directed=True)
    directed = graph.topology.networkit(None)
    return {
        "ours": lambda: nx.pagerank(graph, weight=None),
        "scipy": lambda: ranks(Steps.of(matrix), 0.85, even, even, even, 100, n * 1e-6),
        "igraph": directed_igraph.pagerank,
        "networkit": lambda: nk.centrality.PageRank(directed, tol=1e-6).run().scores(),
        "networkx": lambda: nx.pagerank(plain, weight=None),
    }


def _louvain(graph: ColumnarGraph) -> dict[str, Callable[[], Any]]:
    simple = graph.projection()
    undirected = simple.topology.networkit("weight")
    coo = sp.triu(simple.topology.matrix("weight")).tocoo()
    weighted = igraph.Graph(n=simple.number_of_nodes(), edges=np.column_stack(coo.coords).tolist())
    plain = simple.to_networkx()
    return {
        "ours": lambda: nx.community.louvain_communities(simple, seed=SEED),
        "networkit": lambda: louvain(undirected, 1.0, SEED),
        "igraph": lambda: weighted.community_multilevel(weights=coo.data),
        "networkx": lambda: nx.community.louvain_communities(plain, seed=SEED),
    }


def _betweenness() -> dict[str, Callable[[], Any]]:
    nodes, edges = BETWEENNESS
    ends = np.random.default_rng(SEED).integers(0, nodes, (2, edges)).tolist()
    ours = ColumnarGraph(build(tables.nodes(nodes), tables.edges(*ends)))
    plain, ready = ours.to_networkx(), ours.topology.rustworkx()
    return {
        "ours": lambda: nx.betweenness_centrality(ours),
        "rustworkx": lambda: rx.betweenness_centrality(ready),
        "networkx": lambda: nx.betweenness_centrality(plain, k=nodes // SAMPLED, seed=SEED),
    }


def _plain(graph: ColumnarGraph) -> "nx.MultiDiGraph[int]":
    """A networkx graph with the same edges, without attributes."""
    result: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    result.add_nodes_from(range(graph.number_of_nodes()))
    result.add_edges_from(
        zip(graph.columns.source.tolist(), graph.columns.target.tolist(), strict=True)
    )
    return result
