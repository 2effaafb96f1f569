"""The k shortest paths between two nodes."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np
import scipy.sparse as sp

from graph.engine.graph import Graph, Index
from graph.engine.native.paths import arc, yen
from graph.engine.paths import Hop, Path, Steps, costs_of, steps_of
from graph.engine.projection import Direction

TRIES = 10  # paths examined per path returned, because some of the cheapest may be too long


def k_shortest(
    graph: Graph,
    source: int,
    target: int,
    *,
    k: int,
    max_length: int,
    weight: str | None = None,
    direction: Direction = "any",
    between: Callable[[], None] = lambda: None,
) -> list[Path]:
    """Return the `k` cheapest paths of at most `max_length` edges without repeated nodes, best
    first.

    Method: Yen (1971). Costs are as in `shortest_path`. Of parallel edges the cheapest counts, then
    the one with the smallest id, so two paths always differ in their nodes. `between` is called
    before each search for another path; an exception from it ends the search.
    """
    costs, used = costs_of(graph, weight)
    if source == target:
        return [Path([], 0.0, used)]
    arcs = _arcs(steps_of(graph, costs, direction), graph.node_count)
    paths: list[Path] = []
    try:
        for attempts, nodes in enumerate(yen(arcs.costs, source, target)):
            between()
            too_long = len(nodes) - 1 > max_length
            if attempts >= TRIES * k or (too_long and weight is None):
                break  # unweighted: all further paths are at least as long
            if not too_long:
                paths.append(arcs.path(nodes, used))
            if len(paths) == k:
                break
    except nx.NetworkXNoPath:
        pass
    return paths


@dataclass(frozen=True, slots=True)
class _Arcs:
    """For each pair of nodes that an edge connects, the cheapest step from one to the other.

    `costs` has the cost at row = start, column = end; `step` has, in the order of `costs.data`, the
    index of the step in `steps`.
    """

    costs: sp.csr_array
    step: Index
    steps: Steps

    def path(self, nodes: list[int], used: dict[str, int]) -> Path:
        places = [arc(self.costs, u, v) for u, v in pairwise(nodes)]
        cost = float(self.costs.data[places].sum())
        return Path([self._hop(int(self.step[place])) for place in places], cost, used)

    def _hop(self, step: int) -> Hop:
        of = self.steps
        return Hop(
            int(of.edge[step]), int(of.source[step]), int(of.target[step]), bool(of.forward[step])
        )


def _arcs(steps: Steps, nodes: int) -> _Arcs:
    order = np.lexsort((steps.cost, steps.target, steps.source))
    source, target = steps.source[order], steps.target[order]
    first = np.ones(len(order), bool)
    first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    cheapest = order[first & (source != target)]
    pointers = np.searchsorted(steps.source[cheapest], np.arange(nodes + 1))
    matrix = (steps.cost[cheapest], steps.target[cheapest], pointers)
    return _Arcs(sp.csr_array(matrix, shape=(nodes, nodes)), cheapest, steps)
