"""Estimates the cost of a question in steps. A step is one look at an edge (some 50 ns).

The estimate uses the graph's size, before anything is read. It need not be exact: it only tells a
question of seconds from one that would block the whole process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Size:
    nodes: int
    edges: int

    @property
    def all(self) -> int:
        return self.nodes + self.edges


Parameters = Mapping[str, Any]
Cost = Callable[[Size, Parameters], int]


def once(size: Size, parameters: Parameters) -> int:
    """Return the steps of a question that looks at each node and each edge once."""
    return size.all


def path(size: Size, parameters: Parameters) -> int:
    """Return the steps of a question about one path: its search follows each edge both ways,
    once per edge that a path may have."""
    return 2 * size.all * int(parameters["max_length"])


def k_shortest(size: Size, parameters: Parameters) -> int:
    """Return the steps of a question about the k shortest paths, by Yen's method: for each path,
    a search from each of its nodes."""
    return 2 * size.all * int(parameters["max_length"]) * int(parameters["k"])


def neighbourhood(size: Size, parameters: Parameters) -> int:
    return 2 * size.all * int(parameters["depth"])


def importance(size: Size, parameters: Parameters) -> int:
    """Return the steps of a question about importance, by its centrality.

    PageRank reads all edges a few times; betweenness and closeness read them once per node
    (Brandes, J. Math. Sociol. 25, 2001).
    """
    rounds = 4 if parameters["algorithm"] == "pagerank" else size.nodes
    return rounds * size.all


def communities(size: Size, parameters: Parameters) -> int:
    return 8 * size.all
