"""A tenant's graph as columns: a directed multigraph of entities."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.engine.columns import as_strings, places, storage

Index = npt.NDArray[np.int64]
ENDS = ("source_entity_id", "target_entity_id")
MANY = 100_000  # edges: a thread is worth its start


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """`nodes` (id, kind, name; one row a node, ordered by id) and `edges` (id and attributes).

    An attribute that many edges share may be a dictionary column (graph.engine.columns.plain).
    `source[i]` and `target[i]` are the rows in `nodes` of edge i's ends. `unresolved` counts the
    relationships that are not edges because an event names no entity, `dangling` those whose
    entity is not among the nodes. `version` is what the data was read at, if that is known.
    """

    nodes: pa.Table
    edges: pa.Table
    source: Index
    target: Index
    unresolved: int = 0
    dangling: int = 0
    version: str = ""

    @property
    def node_count(self) -> int:
        return int(self.nodes.num_rows)

    @property
    def edge_count(self) -> int:
        return int(self.edges.num_rows)

    @property
    def nbytes(self) -> int:
        """What its columns and arrays take."""
        arrays = self.source.nbytes + self.target.nbytes
        return int(self.nodes.nbytes + self.edges.nbytes + arrays)

    def node_ids(self) -> list[str]:
        return as_strings(self.nodes["id"])

    def position(self, node_id: str) -> int | None:
        """The node's row, or None where the graph has no such node."""
        found = pc.index(
            storage(self.nodes["id"]), pa.scalar(_bytes(node_id), type=pa.binary(16))
        ).as_py()
        return None if found < 0 else int(found)

    def only(
        self,
        *,
        nodes: npt.NDArray[np.bool_] | None = None,
        edges: npt.NDArray[np.bool_] | None = None,
    ) -> "Graph":
        """Without the other nodes, their edges, and the other edges."""
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
        """Every edge the other way round; nothing is copied."""
        return replace(self, source=self.target, target=self.source)

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """An edge column as float64, NaN where it is NULL."""
        return np.asarray(
            storage(self.edges[column]).cast(pa.float64()).to_numpy(zero_copy_only=False)
        )


def build(nodes: pa.Table, edges: pa.Table, version: str = "") -> Graph:
    """The graph of these rows.

    `nodes` has id (uuid), kind, name; `edges` has id, source_entity_id, target_entity_id (uuid,
    NULL where unresolved) and any further columns, which become the edges' attributes.
    """
    ends = _ends(edges, nodes["id"])
    unresolved = pc.or_(
        pc.is_null(edges["source_entity_id"]), pc.is_null(edges["target_entity_id"])
    )
    found = pc.and_(pc.is_valid(ends[0]), pc.is_valid(ends[1]))
    missing = int(pc.sum(pc.cast(unresolved, pa.int64())).as_py() or 0)
    kept = int(pc.sum(pc.cast(found, pa.int64())).as_py() or 0)
    source, target = (_index(end.filter(found)) for end in ends)
    attributes = edges.drop_columns(["source_entity_id", "target_entity_id"])
    return Graph(
        nodes=nodes,
        edges=attributes if kept == edges.num_rows else attributes.filter(found),
        source=source,
        target=target,
        unresolved=missing,
        dangling=edges.num_rows - kept - missing,
        version=version,
    )


def _ends(edges: pa.Table, known: pa.ChunkedArray) -> list[pa.Array]:
    """Where the edges' ends stand among the nodes."""
    columns = [edges[name] for name in ENDS]
    if edges.num_rows < MANY:
        return [places(column, known) for column in columns]
    with ThreadPoolExecutor(len(ENDS)) as threads:
        return list(threads.map(lambda column: places(column, known), columns))


def _index(values: pa.Array) -> Index:
    return np.asarray(values.to_numpy(zero_copy_only=False)).astype(np.int64)


def _bytes(node_id: str) -> bytes:
    return bytes.fromhex(node_id.replace("-", ""))
