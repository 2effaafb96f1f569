"""A graph's connections as arrays, the input of the compiled algorithms."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import rustworkx as rx
import scipy.sparse as sp

from graph.engine.lazy_imports import networkit

Index = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Weight = str | None


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a random walk.

    `inward[v, u]` is the probability of a step from u to v. `stuck` marks nodes without a step.
    """

    inward: sp.csr_array
    stuck: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, matrix: sp.csr_array) -> "Steps":
        """Return the steps of a random walk on a matrix whose rows are the start nodes and whose
        columns are the end nodes.

        The probability of a step is proportional to the matrix's value.
        """
        sums: Floats = matrix.sum(axis=1)
        stuck = sums == 0
        rates = np.divide(1.0, sums, where=~stuck, out=np.zeros(len(sums)))
        return cls((sp.diags_array(rates) @ matrix).T.tocsr(), stuck)


class Unsupported(NotImplementedError):
    """The compiled code does not support these arguments; networkx's own code does."""


@dataclass(frozen=True, eq=False)
class Topology:
    """A graph's connections. `source[i]` and `target[i]` are the positions of edge i's ends in
    `labels`.

    An undirected edge occurs once. `read(name)` returns an edge attribute as one float per edge (1
    if it is missing), and raises Unsupported if it cannot.
    """

    labels: Sequence[Hashable]
    source: Index
    target: Index
    directed: bool
    multigraph: bool
    read: Callable[[str], Floats] = field(repr=False)
    _values: dict[tuple[str, Weight], Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def n(self) -> int:
        return len(self.labels)

    @cached_property
    def index(self) -> dict[Hashable, int]:
        """Return node label → position in `labels`."""
        return {label: place for place, label in enumerate(self.labels)}

    def place(self, label: Any) -> int:
        """Return the label's position. Raises NodeNotFound."""
        try:
            return self.index[label]
        except (KeyError, TypeError):
            raise nx.NodeNotFound(f"Node {label!r} is not in the graph.") from None

    def weights(self, weight: Weight) -> Floats:
        """Return one weight per edge; 1 if `weight` is None."""
        return np.ones(len(self.source)) if weight is None else self.read(weight)

    def costs(self, weight: Weight) -> Floats:
        """Return one cost per edge, for shortest paths. Raises Unsupported if a cost is
        negative."""
        costs = self.weights(weight)
        if not (costs >= 0).all():
            raise Unsupported("negative weights")
        return costs

    def matrix(self, weight: Weight = None) -> sp.csr_array:
        """Return an n by n matrix: the sum of the weights of the edges from row to column, as in
        networkx."""
        return self._both_ways(self.weights(weight), loops=True)

    def steps(self, weight: Weight = None) -> Steps:
        """Return the steps of a random walk on the matrix."""
        return self._once("steps", weight, lambda: Steps.of(self.matrix(weight)))

    @cached_property
    def simple(self) -> sp.csr_array:
        """Return an n by n matrix with 1 where an edge goes from row to column. Self-loops are left
        out."""
        matrix = self._both_ways(np.ones(len(self.source)), loops=False)
        matrix.data[:] = 1
        return matrix

    def cheapest(self, weight: Weight) -> sp.csr_array:
        """Return an n by n matrix with the lowest cost of the edges from row to column. Self-loops
        are left out.

        A cost of 0 is an entry of the matrix; a pair without an edge has none. Raises Unsupported
        if a cost is negative.
        """
        source, target, costs = self._arcs(self.costs(weight), loops=False)
        order = np.lexsort((costs, target, source))
        source, target, costs = source[order], target[order], costs[order]
        first = np.ones(len(source), bool)
        first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
        pointers = np.searchsorted(source[first], np.arange(self.n + 1))
        return sp.csr_array((costs[first], target[first], pointers), shape=(self.n, self.n))

    @cached_property
    def pairs(self) -> tuple[Index, Index]:
        """Return (starts, ends) of the simple graph's edges, as positions. An undirected edge
        occurs once."""
        matrix = self.simple.tocoo()
        source, target = matrix.coords
        once = slice(None) if self.directed else source < target
        return source[once].astype(np.int64), target[once].astype(np.int64)

    def rustworkx(self) -> Any:
        """Return the simple graph as a rustworkx PyGraph or PyDiGraph."""
        simple: Any = rx.PyDiGraph() if self.directed else rx.PyGraph()
        simple.add_nodes_from(range(self.n))
        simple.add_edges_from_no_data(list(zip(*(x.tolist() for x in self.pairs), strict=True)))
        return simple

    def networkit(self, weight: Weight = None) -> Any:
        """Return a networkit.Graph. Parallel edges become one with the sum of their weights."""
        return self._once("networkit", weight, lambda: self._networkit(self.matrix(weight)))

    def _networkit(self, matrix: sp.csr_array) -> Any:
        once = sp.coo_array(matrix if self.directed else sp.triu(matrix))
        return networkit_graph(once, directed=self.directed)

    def _once[Value](self, name: str, weight: Weight, make: Callable[[], Value]) -> Value:
        """Return the value that `make` computes. It is computed once per name and weight, and
        nobody may change it."""
        if (name, weight) not in self._values:
            self._values[name, weight] = make()
        value: Value = self._values[name, weight]
        return value

    def _both_ways(self, weights: Floats, *, loops: bool) -> sp.csr_array:
        source, target, weights = self._arcs(weights, loops=loops)
        return sp.coo_array((weights, (source, target)), shape=(self.n, self.n)).tocsr()

    def _arcs(self, weights: Floats, *, loops: bool) -> tuple[Index, Index, Floats]:
        """Return (starts, ends, weights) of all directions in which edges can be walked.

        An undirected edge occurs in both directions. A self-loop occurs once, or not at all without
        `loops`.
        """
        straight = self.source != self.target
        selection = slice(None) if loops else straight
        if self.directed:
            return self.source[selection], self.target[selection], weights[selection]
        return (
            np.concatenate([self.source[selection], self.target[straight]]),
            np.concatenate([self.target[selection], self.source[straight]]),
            np.concatenate([weights[selection], weights[straight]]),
        )


def networkit_graph(matrix: sp.coo_array, *, directed: bool) -> Any:
    """Return the NetworKit graph whose edges and weights are the matrix's entries.

    An undirected edge must be one entry only.
    """
    ends = tuple(places.astype(np.uint64) for places in matrix.coords)
    entries = (matrix.data.astype(float), ends)
    return networkit().GraphFromCoo(entries, n=matrix.shape[0], weighted=True, directed=directed)
