"""Who is joined to whom, as arrays: what the compiled algorithms read."""

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
    """A walk's steps: `inward[v, u]` is the chance of the one from u to v; `stuck`: from here there
    is none."""

    inward: sp.csr_array
    stuck: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, matrix: sp.csr_array) -> "Steps":
        """In proportion to the weights of a matrix, whose rows are where they begin."""
        sums: Floats = matrix.sum(axis=1)
        stuck = sums == 0
        rates = np.divide(1.0, sums, where=~stuck, out=np.zeros(len(sums)))
        return cls((sp.diags_array(rates) @ matrix).T.tocsr(), stuck)


class Unsupported(NotImplementedError):
    """Compiled code cannot answer this; networkx's own can."""


@dataclass(frozen=True, eq=False)
class Topology:
    """`source[i]` and `target[i]` are the places in `labels` of edge i's ends.

    An undirected edge is here once. `read(name)` gives an edge attribute as one float an edge
    (1 where it is missing); it raises Unsupported where that cannot be done.
    """

    labels: Sequence[Hashable]
    source: Index
    target: Index
    directed: bool
    multigraph: bool
    read: Callable[[str], Floats] = field(repr=False)
    _kept: dict[tuple[str, Weight], Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def n(self) -> int:
        return len(self.labels)

    @cached_property
    def index(self) -> dict[Hashable, int]:
        """Label → place."""
        return {label: place for place, label in enumerate(self.labels)}

    def place(self, label: Any) -> int:
        """Raises NodeNotFound."""
        try:
            return self.index[label]
        except (KeyError, TypeError):
            raise nx.NodeNotFound(f"Node {label!r} is not in the graph.") from None

    def weights(self, weight: Weight) -> Floats:
        """One weight an edge; 1 where `weight` is None."""
        return np.ones(len(self.source)) if weight is None else self.read(weight)

    def costs(self, weight: Weight) -> Floats:
        """Weights that shortest paths can add up. Raises Unsupported for a negative one."""
        costs = self.weights(weight)
        if not (costs >= 0).all():
            raise Unsupported("negative weights")
        return costs

    def matrix(self, weight: Weight = None) -> sp.csr_array:
        """n by n: the sum of the weights of the edges from row to column, as networkx's."""
        return self._both_ways(self.weights(weight), loops=True)

    def steps(self, weight: Weight = None) -> Steps:
        """The steps of a walk along the matrix."""
        return self._once("steps", weight, lambda: Steps.of(self.matrix(weight)))

    @cached_property
    def simple(self) -> sp.csr_array:
        """n by n, 1 where there is an edge: no parallel ones, no self-loops."""
        matrix = self._both_ways(np.ones(len(self.source)), loops=False)
        matrix.data[:] = 1
        return matrix

    def cheapest(self, weight: Weight) -> sp.csr_array:
        """n by n: the least cost of an edge from row to column. A free edge is a stored 0."""
        source, target, costs = self._arcs(self.costs(weight), loops=False)
        order = np.lexsort((costs, target, source))
        source, target, costs = source[order], target[order], costs[order]
        first = np.ones(len(source), bool)
        first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
        pointers = np.searchsorted(source[first], np.arange(self.n + 1))
        return sp.csr_array((costs[first], target[first], pointers), shape=(self.n, self.n))

    @cached_property
    def pairs(self) -> tuple[Index, Index]:
        """The simple graph's edges; an undirected one once."""
        matrix = self.simple.tocoo()
        source, target = matrix.coords
        once = slice(None) if self.directed else source < target
        return source[once].astype(np.int64), target[once].astype(np.int64)

    def rustworkx(self) -> Any:
        """The simple graph, a PyGraph or a PyDiGraph."""
        made: Any = rx.PyDiGraph() if self.directed else rx.PyGraph()
        made.add_nodes_from(range(self.n))
        made.add_edges_from_no_data(list(zip(*(x.tolist() for x in self.pairs), strict=True)))
        return made

    def networkit(self, weight: Weight = None) -> Any:
        """A networkit.Graph; parallel edges as one, whose weight is their sum."""
        return self._once("networkit", weight, lambda: self._networkit(self.matrix(weight)))

    def _networkit(self, matrix: sp.csr_array) -> Any:
        once = sp.coo_array(matrix if self.directed else sp.triu(matrix))
        return networkit_graph(once, directed=self.directed)

    def _once[Made](self, name: str, weight: Weight, make: Callable[[], Made]) -> Made:
        """What algorithms read, made once for a weight: the graph never changes, nor may it."""
        if (name, weight) not in self._kept:
            self._kept[name, weight] = make()
        made: Made = self._kept[name, weight]
        return made

    def _both_ways(self, weights: Floats, *, loops: bool) -> sp.csr_array:
        source, target, weights = self._arcs(weights, loops=loops)
        return sp.coo_array((weights, (source, target)), shape=(self.n, self.n)).tocsr()

    def _arcs(self, weights: Floats, *, loops: bool) -> tuple[Index, Index, Floats]:
        """Every way to take an edge; a self-loop is taken one way."""
        straight = self.source != self.target
        chosen = slice(None) if loops else straight
        if self.directed:
            return self.source[chosen], self.target[chosen], weights[chosen]
        return (
            np.concatenate([self.source[chosen], self.target[straight]]),
            np.concatenate([self.target[chosen], self.source[straight]]),
            np.concatenate([weights[chosen], weights[straight]]),
        )


def networkit_graph(matrix: sp.coo_array, *, directed: bool) -> Any:
    """The weighted graph of a matrix; an undirected edge stands in it once."""
    ends = tuple(places.astype(np.uint64) for places in matrix.coords)
    entries = (matrix.data.astype(float), ends)
    return networkit().GraphFromCoo(entries, n=matrix.shape[0], weighted=True, directed=directed)
