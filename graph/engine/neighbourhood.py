"""Finds the nodes near a node."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from graph.engine.graph import Graph, Index
from graph.engine.projection import Direction, adjacency


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Nodes by distance, the start first, and the rows of all edges between any two of them.

    `truncated`: more nodes than requested lie within the depth.
    """

    nodes: list[int]
    distances: list[int]
    edges: list[int]
    truncated: bool


def neighbourhood(
    graph: Graph, start: int, *, depth: int, most: int, direction: Direction = "any"
) -> Neighbourhood:
    """At most `most` nodes within `depth` edges of the start; at equal distance the first rows."""
    steps = adjacency(graph, np.ones(graph.edge_count), direction)
    distance = np.full(graph.node_count, -1)
    distance[start] = 0
    frontier, count, truncated = np.array([start]), 1, False
    for level in range(1, depth + 1):
        frontier = _beyond(steps, frontier, distance)
        truncated = truncated or len(frontier) > most - count
        frontier = frontier[: most - count]
        distance[frontier] = level
        count += len(frontier)
        if not len(frontier) or truncated:
            break
    return _result(graph, distance, truncated)


def _beyond(steps: sp.csr_array, frontier: Index, distance: Index) -> Index:
    """The nodes one edge from the frontier that were not reached before, in row order."""
    near = np.unique(steps[frontier].indices)
    return np.asarray(near[distance[near] < 0], np.int64)


def _result(graph: Graph, distance: Index, truncated: bool) -> Neighbourhood:
    reached = np.flatnonzero(distance >= 0)
    nodes = reached[np.argsort(distance[reached], kind="stable")]
    between = (distance[graph.source] >= 0) & (distance[graph.target] >= 0)
    return Neighbourhood(
        nodes.tolist(), distance[nodes].tolist(), np.flatnonzero(between).tolist(), truncated
    )
