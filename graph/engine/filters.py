"""Filters the edges of a graph for a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.engine.graph import Graph
from graph.layers import BY_NAME


@dataclass(frozen=True, slots=True)
class Only:
    """Keeps the edges that meet all conditions; a condition left at its default has no effect.

    `types`: the edge's type is one of them. `min_confidence`: its confidence is at least this.
    `since`, `until`: its date is between them, inclusive. `layers`: it has a value of all of them.
    """

    types: Sequence[str] = ()
    min_confidence: float = 0.0
    since: date | None = None
    until: date | None = None
    layers: Sequence[str] = ()

    def columns(self) -> tuple[str, ...]:
        """The edge columns that the filter reads."""
        by_column = {
            "relationship_type": bool(self.types),
            "confidence_score": self.min_confidence > 0,
            "occurred_at": self.since is not None or self.until is not None,
        }
        presences = (BY_NAME[name].presence for name in self.layers)
        return (*(name for name, needed in by_column.items() if needed), *presences)

    def of(self, graph: Graph) -> Graph:
        """The graph with all its nodes and only the edges that pass."""
        if not self.columns():
            return graph
        mask = np.ones(graph.edge_count, bool)
        for condition in self._conditions(graph.edges):
            mask &= _mask(condition)
        return graph.only(edges=mask)

    def _conditions(self, edges: pa.Table) -> "list[pa.ChunkedArray]":
        conditions = [pc.is_valid(edges[BY_NAME[name].presence]) for name in self.layers]
        if self.types:
            types = pa.array(self.types, pa.string())
            conditions.append(pc.is_in(edges["relationship_type"], value_set=types))
        if self.min_confidence > 0:
            conditions.append(pc.greater_equal(edges["confidence_score"], self.min_confidence))
        if self.since is not None or self.until is not None:
            days = edges["occurred_at"].cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
            if self.since is not None:
                conditions.append(pc.greater_equal(days, pa.scalar(self.since)))
            if self.until is not None:
                conditions.append(pc.less_equal(days, pa.scalar(self.until)))
        return conditions


def _mask(condition: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    return np.asarray(condition.fill_null(False).to_numpy(), bool)
