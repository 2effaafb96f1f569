"""Shortest paths of at most a given number of edges."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from graph.engine.columns import storage
from graph.engine.graph import Graph
from graph.engine.projection import Direction
from graph.engine.weights import weighted

# An edge with score 0 may still carry a flow. So it stays usable, at the highest cost.
LEAST_SCORE = 1e-9


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge of a path: its row, the nodes from and to, and whether it is walked forward."""

    edge: int
    source: int
    target: int
    forward: bool


@dataclass(frozen=True, slots=True)
class Path:
    """The hops in order, and their total cost. There are no hops if source and target are one
    node."""

    hops: list[Hop]
    cost: float
    weights_used: dict[str, int]


def shortest_path(
    graph: Graph,
    source: int,
    target: int,
    *,
    max_length: int,
    weight: str | None = None,
    direction: Direction = "any",
) -> Path | None:
    """Return the cheapest path of at most `max_length` edges, or None if there is none.

    Unweighted, an edge costs 1. With `weight` (a column of scores) it costs -ln(score), so the
    cheapest path has the greatest product of scores. Among equally cheap paths the one with fewer
    edges wins, then the one whose last edges have the smallest ids. The result does not depend on
    the order of the graph's rows.

    Method: Bellman's equations by number of edges. Level k has the cheapest walk of exactly k
    edges.
    """
    costs, used = costs_of(graph, weight)
    if source == target:
        return Path([], 0.0, used)
    steps = steps_of(graph, costs, direction)
    enough = target if weight is None else None
    levels = _levels(steps, graph.node_count, source, max_length, enough)
    best = min(range(len(levels)), key=lambda k: (levels[k].cost[target], k))
    if not np.isfinite(levels[best].cost[target]):
        return None
    hops = _trace(levels, steps, best, target)
    return Path(hops, float(levels[best].cost[target]), used)


@dataclass(frozen=True, slots=True)
class Steps:
    """All directions in which edges can be walked, ordered by edge id, as parallel arrays.

    Each step has its start and end node, its cost, its edge's row, and whether it follows the
    edge's direction.
    """

    source: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    cost: npt.NDArray[np.float64]
    edge: npt.NDArray[np.int64]
    forward: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Level:
    cost: npt.NDArray[np.float64]
    step: npt.NDArray[np.int64]


def costs_of(graph: Graph, weight: str | None) -> tuple[npt.NDArray[np.float64], dict[str, int]]:
    if weight is None:
        return np.ones(graph.edge_count), {}
    weights = weighted(graph, weight)
    return -np.log(np.maximum(weights.values, LEAST_SCORE)), weights.used


def steps_of(graph: Graph, costs: npt.NDArray[np.float64], direction: Direction) -> Steps:
    rows = pc.sort_indices(storage(graph.edges["id"])).to_numpy().astype(np.int64)
    forward = np.ones(len(rows), dtype=bool)
    if direction == "any":
        rows = np.repeat(rows, 2)
        forward = np.arange(len(rows)) % 2 == 0
    ends = graph.source[rows], graph.target[rows]
    return Steps(
        np.where(forward, *ends), np.where(forward, *ends[::-1]), costs[rows], rows, forward
    )


def _levels(
    steps: Steps, nodes: int, source: int, max_length: int, enough: int | None
) -> list[_Level]:
    """Return the levels k = 0, 1, …: for each node the cost of the cheapest walk of exactly k edges
    from `source`.

    Stops after `max_length` edges, when a level makes no node cheaper, or when the node `enough` is
    reached.
    """
    start = np.full(nodes, np.inf)
    start[source] = 0
    levels = [_Level(start, np.full(nodes, -1))]
    cheapest = start
    for _ in range(min(max_length, nodes - 1)):
        level = _next(steps, levels[-1].cost, nodes)
        levels.append(level)
        reached = enough is not None and np.isfinite(level.cost[enough])
        if reached or not (level.cost < cheapest).any():
            break
        cheapest = np.minimum(cheapest, level.cost)
    return levels


def _next(steps: Steps, before: npt.NDArray[np.float64], nodes: int) -> _Level:
    """Return the level after the one with the costs `before`: for each node its cheapest last step.

    Of equally cheap steps the first one is taken.
    """
    usable = np.flatnonzero(np.isfinite(before[steps.source]))
    cost = before[steps.source[usable]] + steps.cost[usable]
    order = np.lexsort((cost, steps.target[usable]))
    reached, first = np.unique(steps.target[usable][order], return_index=True)
    level = _Level(np.full(nodes, np.inf), np.full(nodes, -1))
    level.cost[reached] = cost[order[first]]
    level.step[reached] = usable[order[first]]
    return level


def _trace(levels: list[_Level], steps: Steps, length: int, target: int) -> list[Hop]:
    hops: list[Hop] = []
    node = target
    for k in range(length, 0, -1):
        step = int(levels[k].step[node])
        before = int(steps.source[step])
        hops.append(Hop(int(steps.edge[step]), before, node, bool(steps.forward[step])))
        node = before
    return hops[::-1]
