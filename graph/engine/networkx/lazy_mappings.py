"""networkx's nested mappings over columns. A row's values become Python objects on demand."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.engine.columns import as_strings, values

Index = npt.NDArray[np.int64]


class Cells:
    """A table's values as Python objects. A column is converted when it is first read, and kept.

    `keys` are the values of the column `key`, which is not among the attribute `names`.
    """

    def __init__(self, table: pa.Table, key: str = "") -> None:
        self._table = table
        self.names = [name for name in table.column_names if name != key]
        self._key = key
        self._read: dict[str, list[Any]] = {}

    def column(self, name: str) -> list[Any]:
        if name not in self._read:  # two threads may both convert it: the lists are equal
            self._read[name] = values(self._table[name])
        return self._read[name]

    @property
    def keys(self) -> list[Any]:
        return self.column(self._key)

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        if name not in self._table.column_names:
            return np.ones(self._table.num_rows)
        return np.asarray(self._table[name].to_numpy(), float)


class Row(Mapping[str, Any]):
    """A read-only mapping of one row of a table: attribute's name → value."""

    __slots__ = ("_cells", "row")

    def __init__(self, cells: Cells, row: int) -> None:
        self._cells = cells
        self.row = row

    def __getitem__(self, name: str) -> Any:
        if name not in self._cells.names:
            raise KeyError(name)
        return self._cells.column(name)[self.row]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells.names)

    def __len__(self) -> int:
        return len(self._cells.names)

    def copy(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, memo: Any) -> dict[str, Any]:
        return dict(self)

    def __repr__(self) -> str:
        return repr(dict(self))


class Nodes(Mapping[Hashable, Row]):
    """A read-only mapping: node id (text) → the node's attributes, as a Row."""

    def __init__(self, table: pa.Table, key: str) -> None:
        self._ids = table[key]
        self._cells = Cells(table, key)

    @cached_property
    def labels(self) -> list[str]:
        return as_strings(self._ids)

    @cached_property
    def index(self) -> dict[Hashable, int]:
        return {label: position for position, label in enumerate(self.labels)}

    def __getitem__(self, node: Hashable) -> Row:
        return Row(self._cells, self.index[node])

    def __contains__(self, node: object) -> bool:
        return node in self.index

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.labels)

    def __len__(self) -> int:
        return len(self._ids)


@dataclass(frozen=True)
class Order:
    """Edges, to be looked up by one of their ends.

    `near[i]` and `far[i]` are the node rows of entry i: the end to look it up by, and the other
    end. `row[i]` is its edge's row; without `row`, entry i is edge i.
    """

    near: Index
    far: Index
    row: Index | None = None

    @classmethod
    def both_ways(cls, source: Index, target: Index) -> "Order":
        """Return an order in which each edge can be looked up by either end. A self-loop occurs
        once."""
        straight = np.flatnonzero(source != target)
        rows = np.concatenate([np.arange(len(source)), straight])
        return cls(
            np.concatenate([source, target[straight]]),
            np.concatenate([target, source[straight]]),
            rows,
        )

    @cached_property
    def sorted(self) -> tuple[Index, Index, Index]:
        """Return (far ends, edge rows, pointers) sorted by near end. Node n's entries are at
        pointers[n] up to, but not including, pointers[n + 1]."""
        order = np.argsort(self.near, kind="stable")
        near = self.near[order]
        size = int(max(self.near.max(initial=-1), self.far.max(initial=-1))) + 2
        rows = order if self.row is None else self.row[order]
        return self.far[order], rows, np.searchsorted(near, np.arange(size))

    def of(self, node: int) -> tuple[list[int], list[int]]:
        """Return, for the edges that the node has as near end, the far ends and the edge rows."""
        far, rows, pointers = self.sorted
        if node + 1 >= len(pointers):
            return [], []
        part = slice(pointers[node], pointers[node + 1])
        return far[part].tolist(), rows[part].tolist()


class Adjacency(Mapping[Hashable, dict[Hashable, Any]]):
    """networkx's adjacency as a read-only mapping, made from columns: node → neighbour → edge
    attributes.

    In a multigraph a dict by edge key comes between neighbour and attributes.
    """

    def __init__(self, nodes: Nodes, cells: Cells, order: Order, *, simple: bool = False) -> None:
        self._nodes = nodes
        self._cells = cells
        self._order = order
        self._simple = simple

    def __getitem__(self, node: Hashable) -> dict[Hashable, Any]:
        labels, cells = self._nodes.labels, self._cells
        far, rows = self._order.of(self._nodes.index[node])
        if self._simple:
            return {labels[other]: Row(cells, row) for other, row in zip(far, rows, strict=True)}
        neighbours: dict[Hashable, Any] = {}
        keys = cells.keys
        for other, row in zip(far, rows, strict=True):
            neighbours.setdefault(labels[other], {})[keys[row]] = Row(cells, row)
        return neighbours

    def __contains__(self, node: object) -> bool:
        return node in self._nodes

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)
