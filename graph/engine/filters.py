"""Which edges a question is asked of."""

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
    """Edges of these types, at least this sure, from `since` to `until` (days, both counted),

    of which all of these layers say something. What is not given does not matter.
    """

    types: Sequence[str] = ()
    min_confidence: float = 0.0
    since: date | None = None
    until: date | None = None
    layers: Sequence[str] = ()

    def columns(self) -> tuple[str, ...]:
        """The edge columns that it reads."""
        asked = {
            "relationship_type": bool(self.types),
            "confidence_score": self.min_confidence > 0,
            "occurred_at": self.since is not None or self.until is not None,
        }
        presences = (BY_NAME[name].presence for name in self.layers)
        return (*(name for name, wanted in asked.items() if wanted), *presences)

    def of(self, graph: Graph) -> Graph:
        """The graph with all its nodes and these edges only."""
        if not self.columns():
            return graph
        kept = np.ones(graph.edge_count, bool)
        for condition in self._conditions(graph.edges):
            kept &= _mask(condition)
        return graph.only(edges=kept)

    def _conditions(self, edges: pa.Table) -> "list[pa.ChunkedArray]":
        found = [pc.is_valid(edges[BY_NAME[name].presence]) for name in self.layers]
        if self.types:
            wanted = pa.array(self.types, pa.string())
            found.append(pc.is_in(edges["relationship_type"], value_set=wanted))
        if self.min_confidence > 0:
            found.append(pc.greater_equal(edges["confidence_score"], self.min_confidence))
        if self.since is not None or self.until is not None:
            days = edges["occurred_at"].cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
            if self.since is not None:
                found.append(pc.greater_equal(days, pa.scalar(self.since)))
            if self.until is not None:
                found.append(pc.less_equal(days, pa.scalar(self.until)))
        return found


def _mask(condition: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    return np.asarray(condition.fill_null(False).to_numpy(), bool)
