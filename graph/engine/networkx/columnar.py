"""A tenant's graph with networkx's interface, on columns that are read on demand.

It is immutable, so threads may share it. `networkx.f(graph)` runs on compiled code if there is a
compiled version (graph.engine.networkx.backend), otherwise in networkx on a converted graph.
"""

from collections.abc import Hashable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Never, Self

import networkx as nx
import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from graph.engine.columns import plain
from graph.engine.graph import Graph
from graph.engine.networkx.lazy_mappings import Adjacency, Cells, Nodes, Order
from graph.engine.networkx.to_networkx import to_networkx
from graph.engine.topology import Floats, Topology

if TYPE_CHECKING:  # networkx's classes are generic in its stubs only
    Multigraph = nx.MultiDiGraph[Any]
    SimpleGraph = nx.Graph[Any]
else:
    Multigraph, SimpleGraph = nx.MultiDiGraph, nx.Graph

ID = "id"


def _refused(*_: Any, **__: Any) -> Never:
    raise nx.NetworkXError("This graph is immutable; graph.copy() returns a mutable copy.")


class Immutable:
    """A base class that refuses all changes, and also pickling: a pickle in Redis could execute
    code."""

    add_node = add_nodes_from = remove_node = remove_nodes_from = _refused
    add_edge = add_edges_from = add_weighted_edges_from = _refused
    remove_edge = remove_edges_from = new_edge_key = update = clear = clear_edges = _refused

    def __reduce_ex__(self, protocol: Any) -> Never:
        raise TypeError("A columnar graph cannot be pickled. Export it or send its Arrow tables.")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self


class ColumnarGraph(Immutable, Multigraph):
    """A directed multigraph: nodes are entity ids (text), an edge's key is its relationship's id.

    Called without columns, the class returns a plain MultiDiGraph: networkx calls it like that for
    an empty graph of the same kind.
    """

    __networkx_backend__ = "finley"

    def __new__(cls, columns: Graph | None = None) -> Any:
        return nx.MultiDiGraph() if columns is None else object.__new__(cls)

    def __init__(self, columns: Graph) -> None:
        self.columns = columns
        self.graph = {"unresolved": columns.unresolved, "dangling": columns.dangling}
        self.__networkx_cache__: dict[Any, Any] = {}
        self._cells = Cells(columns.edges, ID)
        self._node = Nodes(columns.nodes, ID)
        self._adj = Adjacency(self._node, self._cells, Order(columns.source, columns.target))
        self._pred = Adjacency(self._node, self._cells, Order(columns.target, columns.source))

    @cached_property
    def topology(self) -> Topology:
        return Topology(
            labels=self._node.labels,
            source=self.columns.source,
            target=self.columns.target,
            directed=True,
            multigraph=True,
            read=lambda name: weights(self.columns, name),
        )

    def number_of_nodes(self) -> int:
        return self.columns.node_count

    def number_of_edges(self, u: Hashable = None, v: Hashable = None) -> int:
        return self.columns.edge_count if u is None else super().number_of_edges(u, v)

    def copy(self, as_view: bool = False) -> Any:
        """Return a mutable networkx graph; with `as_view`, this graph itself, which never
        changes."""
        return self if as_view else self.to_networkx()

    def to_networkx(self) -> "nx.MultiDiGraph[str]":
        return to_networkx(self.columns)

    def to_directed_class(self) -> "type[nx.MultiDiGraph[Any]]":
        return nx.MultiDiGraph

    def to_undirected_class(self) -> "type[nx.MultiGraph[Any]]":
        return nx.MultiGraph

    def reverse(self, copy: bool = True) -> "ColumnarGraph":
        """Return the graph with all edges reversed; nothing is copied."""
        return ColumnarGraph(self.columns.turned())

    def subgraph(self, nodes: Iterable[Hashable] | Hashable) -> "ColumnarGraph":
        """Return the graph of these nodes and the edges between them. Unknown nodes are ignored."""
        mask = np.zeros(self.columns.node_count, bool)
        mask[[self._node.index[node] for node in self.nbunch_iter(nodes)]] = True
        return ColumnarGraph(self.columns.only(nodes=mask))

    def edge_subgraph(self, edges: Iterable[Any]) -> "ColumnarGraph":
        """Return the graph of only these edges (source, target, relationship id) and their ends."""
        mask = np.zeros(self.columns.edge_count, bool)
        for u, v, key in edges:
            if self.has_edge(u, v, key):
                mask[self._adj[u][v][key].row] = True
        ends = np.zeros(self.columns.node_count, bool)
        ends[self.columns.source[mask]] = ends[self.columns.target[mask]] = True
        return ColumnarGraph(self.columns.only(nodes=ends, edges=mask))

    def projection(self, weight: str | None = None) -> "Projection":
        """Return the simple undirected graph of this multigraph; see Projection."""
        return Projection(self.columns, weight)


class Projection(Immutable, SimpleGraph):
    """The simple undirected graph of a multigraph: one edge between any two entities that have an
    edge.

    Its `weight` is the sum of a column over the parallel edges (of 1 without a column), and its
    `count` their number. networkx's functions for simple graphs accept it.
    """

    __networkx_backend__ = "finley"

    def __new__(cls, columns: Graph | None = None, weight: str | None = None) -> Any:
        return nx.Graph() if columns is None else object.__new__(cls)

    def __init__(self, columns: Graph, weight: str | None = None) -> None:
        self.columns = columns
        self.graph = {}
        self.__networkx_cache__: dict[Any, Any] = {}
        edges, source, target = _projected(columns, weight)
        self._cells = Cells(edges)
        self._node = Nodes(columns.nodes, ID)
        self._ends = source, target
        self._adj = Adjacency(self._node, self._cells, Order.both_ways(source, target), simple=True)

    @cached_property
    def topology(self) -> Topology:
        source, target = self._ends
        return Topology(
            labels=self._node.labels,
            source=source,
            target=target,
            directed=False,
            multigraph=False,
            read=self._cells.numbers,
        )

    def number_of_nodes(self) -> int:
        return self.columns.node_count

    def copy(self, as_view: bool = False) -> Any:
        return self if as_view else self.to_networkx()

    def to_networkx(self) -> "nx.Graph[str]":
        graph: nx.Graph[Any] = nx.Graph()
        graph.add_nodes_from((node, dict(data)) for node, data in self._node.items())
        graph.add_edges_from((u, v, dict(data)) for u, v, data in self.edges(data=True))
        return graph

    def to_directed_class(self) -> "type[nx.DiGraph[Any]]":
        return nx.DiGraph

    def to_undirected_class(self) -> "type[nx.Graph[Any]]":
        return nx.Graph

    def subgraph(self, nodes: Any) -> Any:
        return self.to_networkx().subgraph(nodes)

    def edge_subgraph(self, edges: Iterable[Any]) -> Any:
        return self.to_networkx().edge_subgraph(edges)


def weights(columns: Graph, name: str) -> Floats:
    """Return the edge column `name` as floats. Raises ValueError unless every edge has a number
    there."""
    if name not in columns.edges.column_names:
        return np.ones(columns.edge_count)  # as networkx: an attribute that no edge has
    missing = plain(columns.edges[name]).null_count
    if missing:
        raise ValueError(
            f"{name} is NULL on {missing} of {columns.edge_count} edges, so it cannot be a weight."
        )
    try:
        return columns.numbers(name)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        raise ValueError(f"{name} is not a column of numbers.") from None


def _projected(columns: Graph, weight: str | None) -> tuple[pa.Table, Any, Any]:
    """Return the edges of the simple undirected graph: a table with `weight` (the sum over parallel
    edges) and `count` (their number), and the node rows of both ends."""
    edge_weights = np.ones(columns.edge_count) if weight is None else weights(columns, weight)
    low, high = (
        np.minimum(columns.source, columns.target),
        np.maximum(columns.source, columns.target),
    )
    shape = (columns.node_count, columns.node_count)
    counts = sp.coo_array((np.ones(len(low)), (low, high)), shape=shape).tocsr()
    summed = sp.coo_array((edge_weights, (low, high)), shape=shape).tocsr()
    ends = counts.tocoo().coords
    edges = pa.table({"weight": summed.data, "count": counts.data.astype(np.int64)})
    return edges, ends[0].astype(np.int64), ends[1].astype(np.int64)
