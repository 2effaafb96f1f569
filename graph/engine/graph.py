"""A tenant's graph as columns: a directed multigraph of entities."""

from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.engine.columns import as_strings, positions, storage

Index = npt.NDArray[np.int64]
ENDS = ("source_entity_id", "target_entity_id")
DERIVED = 6  # values that are kept with a graph
MANY = 100_000  # edges; for more, a second thread saves time


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A directed multigraph with columns for nodes and edges.

    `nodes` has id, kind and name, one row per node, ordered by id. `edges` has id and attributes.
    An attribute that many edges share may be dictionary-encoded (graph.engine.columns.plain).
    `source[i]` and `target[i]` are the node rows of edge i's ends. `unresolved` counts
    relationships that are not edges because an event has no entity, `dangling` those whose entity
    is not among the nodes. `version` is the version of the data, if known.
    """

    nodes: pa.Table
    edges: pa.Table
    source: Index
    target: Index
    unresolved: int = 0
    dangling: int = 0
    version: str = ""
    _derived: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def once[Value](self, name: Hashable, compute: Callable[["Graph"], Value]) -> Value:
        """Return `compute(graph)`, and keep the value under `name`, so that it is computed once.

        The value must be small compared with the graph, and nobody may change it. Only the newest
        DERIVED values are kept, because the graph's `nbytes` does not count them.
        """
        derived = self._derived
        with suppress(KeyError):
            return cast(Value, derived[name])
        value = derived[name] = compute(self)
        for oldest in list(derived)[:-DERIVED]:
            derived.pop(oldest, None)  # another thread may have dropped it
        return value

    @property
    def node_count(self) -> int:
        return int(self.nodes.num_rows)

    @property
    def edge_count(self) -> int:
        return int(self.edges.num_rows)

    @property
    def nbytes(self) -> int:
        """Return the size of the graph's columns and arrays in bytes."""
        arrays = self.source.nbytes + self.target.nbytes
        return int(self.nodes.nbytes + self.edges.nbytes + arrays)

    def node_ids(self) -> list[str]:
        return as_strings(self.nodes["id"])

    def position(self, node_id: str) -> int | None:
        """Return the number of the node's row in `nodes`, or None if the graph does not have the
        node."""
        row = pc.index(
            storage(self.nodes["id"]), pa.scalar(_bytes(node_id), type=pa.binary(16))
        ).as_py()
        return None if row < 0 else int(row)

    def only(
        self,
        *,
        nodes: npt.NDArray[np.bool_] | None = None,
        edges: npt.NDArray[np.bool_] | None = None,
    ) -> "Graph":
        """Return the graph that keeps the nodes in the mask `nodes`, and of the edges between them
        those in the mask `edges`.

        A mask has one boolean per row; None keeps all rows.
        """
        nodes = np.ones(self.node_count, bool) if nodes is None else nodes
        edges = np.ones(self.edge_count, bool) if edges is None else edges
        edges = edges & nodes[self.source] & nodes[self.target]
        places = np.cumsum(nodes) - 1
        return replace(
            self,
            nodes=self.nodes.filter(pa.array(nodes)),
            edges=self.edges.filter(pa.array(edges)),
            source=places[self.source[edges]],
            target=places[self.target[edges]],
        )

    def turned(self) -> "Graph":
        """Return the graph with the direction of all edges reversed. It shares the columns;
        nothing is copied."""
        return replace(self, source=self.target, target=self.source)

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """Return an edge column as float64, with NaN for NULL."""
        return np.asarray(
            storage(self.edges[column]).cast(pa.float64()).to_numpy(zero_copy_only=False)
        )


def build(nodes: pa.Table, edges: pa.Table, version: str = "") -> Graph:
    """Return the graph of these nodes and edges.

    `nodes` has id (uuid), kind, name. `edges` has id, source_entity_id and target_entity_id (uuid,
    NULL if an event has no entity). Any further columns become the edges' attributes. Edges without
    two known nodes are left out and counted (`unresolved`, `dangling`).
    """
    ends = _ends(edges, nodes["id"])
    unresolved = pc.or_(
        pc.is_null(edges["source_entity_id"]), pc.is_null(edges["target_entity_id"])
    )
    resolved = pc.and_(pc.is_valid(ends[0]), pc.is_valid(ends[1]))
    missing = int(pc.sum(pc.cast(unresolved, pa.int64())).as_py() or 0)
    edge_count = int(pc.sum(pc.cast(resolved, pa.int64())).as_py() or 0)
    source, target = (_index(end.filter(resolved)) for end in ends)
    attributes = edges.drop_columns(["source_entity_id", "target_entity_id"])
    return Graph(
        nodes=nodes,
        edges=attributes if edge_count == edges.num_rows else attributes.filter(resolved),
        source=source,
        target=target,
        unresolved=missing,
        dangling=edges.num_rows - edge_count - missing,
        version=version,
    )


def _ends(edges: pa.Table, node_ids: pa.ChunkedArray) -> list[pa.Array]:
    """Return two columns: the row in `node_ids` of each edge's source and of its target, NULL if it
    is missing there."""
    columns = [edges[name] for name in ENDS]
    if edges.num_rows < MANY:
        return [positions(column, node_ids) for column in columns]
    with ThreadPoolExecutor(len(ENDS)) as threads:
        return list(threads.map(lambda column: positions(column, node_ids), columns))


def _index(values: pa.Array) -> Index:
    return np.asarray(values.to_numpy(zero_copy_only=False)).astype(np.int64)


def _bytes(node_id: str) -> bytes:
    return bytes.fromhex(node_id.replace("-", ""))
