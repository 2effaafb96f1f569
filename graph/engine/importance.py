"""Ranks entities by a centrality: PageRank, betweenness or closeness."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rustworkx as rx

from graph.engine.graph import Graph
from graph.engine.native.centrality import ranks
from graph.engine.projection import DECIMALS, Direction, adjacency, pairs
from graph.engine.topology import Steps
from graph.engine.weights import weighted

Scores = npt.NDArray[np.float64]
DAMPING = 0.85


@dataclass(frozen=True, slots=True)
class Importance:
    """The result of a centrality: one score per node, in the order of the graph's nodes.

    `weights_used` has, for each column of weights, the number of edges whose weight came from it.
    """

    scores: Scores
    weights_used: dict[str, int]


def importance(graph: Graph, algorithm: str, direction: Direction = "any") -> Importance:
    """Return the scores by one of ALGORITHMS. Raises KeyError for another name.

    Scores are rounded to DECIMALS, because threads add up in any order and equal scores must stay
    equal.
    """
    compute = ALGORITHMS[algorithm]
    if graph.node_count == 0:
        return Importance(np.zeros(0), {})
    result = compute(graph, direction)
    return Importance(result.scores.round(DECIMALS), result.weights_used)


def pagerank(graph: Graph, direction: Direction) -> Importance:
    """Return the PageRank of each node (Page et al., 1999), damping 0.85; all sum to 1.

    Edges are weighted by causal_score. An edge without one weighs its confidence_score;
    `weights_used` counts both.
    """
    weights = weighted(graph)
    matrix = adjacency(graph, weights.values, direction)
    n = graph.node_count
    even = np.full(n, 1 / n)
    scores = ranks(Steps.of(matrix), DAMPING, even, even, even, max_iter=500, enough=n * 1e-10)
    return Importance(scores, weights.used)


def betweenness(graph: Graph, direction: Direction) -> Importance:
    """Return each node's betweenness in 0..1 (Brandes, 2001): the share of shortest paths that pass
    through the node.

    Every edge has length 1, and parallel edges count once.
    """
    projected = _rustworkx(graph, direction)
    scores = rx.betweenness_centrality(projected, normalized=True)
    return Importance(_in_order(scores, graph), {})


def closeness(graph: Graph, direction: Direction) -> Importance:
    """Return each node's closeness in 0..1, corrected for components as by Wasserman and Faust.

    Every edge has length 1. The scores equal networkx's.
    """
    projected = _rustworkx(graph, direction)
    return Importance(_in_order(rx.closeness_centrality(projected, wf_improved=True), graph), {})


ALGORITHMS: dict[str, Callable[[Graph, Direction], Importance]] = {
    "pagerank": pagerank,
    "betweenness": betweenness,
    "closeness": closeness,
}


def _rustworkx(
    graph: Graph, direction: Direction
) -> "rx.PyGraph[int, None] | rx.PyDiGraph[int, None]":
    """Return the graph as a simple rustworkx graph, in which parallel edges count once, as in
    networkx.

    It is undirected for the direction "any".
    """
    projected = rx.PyGraph() if direction == "any" else rx.PyDiGraph()
    projected.add_nodes_from(range(graph.node_count))
    projected.add_edges_from_no_data([(int(u), int(v)) for u, v in pairs(graph, direction)])
    return projected


def _in_order(scores: "rx.CentralityMapping", graph: Graph) -> Scores:
    return np.array([scores[i] for i in range(graph.node_count)])
