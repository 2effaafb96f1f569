"""Finds the nodes near a node."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from graph.engine.graph import Graph, Index
from graph.engine.projection import Direction, adjacency

Worth = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Nodes by distance, the start first, and the rows of all edges between any two of them.

    `truncated` means that more nodes than requested lie within the depth.
    """

    nodes: list[int]
    distances: list[int]
    edges: list[int]
    truncated: bool


def neighbourhood(
    graph: Graph,
    start: int,
    *,
    depth: int,
    most: int,
    direction: Direction = "any",
    worth: Worth | None = None,
    total: np.ufunc = np.add,
) -> Neighbourhood:
    """Return at most `most` nodes within `depth` edges of the start.

    If not all nodes at one distance fit, those with the greatest worth are taken. `worth` has one
    value per edge, and a node's worth is the `total` (a ufunc such as np.add) of its edges from
    nearer nodes. Of equal nodes the first rows are taken; without `worth` all are equal.
    """
    steps = adjacency(graph, np.ones(graph.edge_count), direction)
    distance = np.full(graph.node_count, -1)
    distance[start] = 0
    frontier, count, truncated = np.array([start]), 1, False
    for level in range(1, depth + 1):
        frontier = _beyond(steps, frontier, distance)
        if len(frontier) > most - count:
            truncated = True
            if worth is not None:
                frontier = _best_first(graph, frontier, distance, (worth, total, direction))
        frontier = frontier[: most - count]
        distance[frontier] = level
        count += len(frontier)
        if not len(frontier) or truncated:
            break
    return _result(graph, distance, truncated)


def _beyond(steps: sp.csr_array, frontier: Index, distance: Index) -> Index:
    """Return the nodes one edge away from the frontier whose distance is not known yet, in row
    order."""
    near = np.unique(steps[frontier].indices)
    return np.asarray(near[distance[near] < 0], np.int64)


def _best_first(
    graph: Graph, frontier: Index, distance: Index, by: tuple[Worth, np.ufunc, Direction]
) -> Index:
    worth, total, direction = by
    node_worth = np.full(graph.node_count, 0.0 if total is np.add else -np.inf)
    ways = [(graph.source, graph.target)]
    if direction == "any":
        ways.append((graph.target, graph.source))
    for near, far in ways:
        crossing = (distance[near] >= 0) & (distance[far] < 0)
        total.at(node_worth, far[crossing], worth[crossing])
    return frontier[np.argsort(-node_worth[frontier], kind="stable")]


def _result(graph: Graph, distance: Index, truncated: bool) -> Neighbourhood:
    reached = np.flatnonzero(distance >= 0)
    nodes = reached[np.argsort(distance[reached], kind="stable")]
    between = (distance[graph.source] >= 0) & (distance[graph.target] >= 0)
    return Neighbourhood(
        nodes.tolist(), distance[nodes].tolist(), np.flatnonzero(between).tolist(), truncated
    )
