"""Filters the edges of a graph for a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.engine.columns import plain, storage
from graph.engine.graph import Graph
from graph.layers import BY_NAME

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Only:
    """Keeps the edges that meet all conditions. A condition left at its default has no effect.

    `types`: the edge has one of these relationship types. `min_confidence`: its confidence is at
    least this. `since`, `until`: its date is in this inclusive range. `layers`: it has a value in
    each of these layers. `kinds`: a flow records one of these; a link passes. `min_amount`,
    `max_amount`: its amount, whatever its sign, is in this inclusive range. `once`: if several
    sources recorded one payment, one of the edges that meet the other conditions is kept: the
    canonical one, else the one with the lowest id.
    """

    types: Sequence[str] = ()
    min_confidence: float = 0.0
    since: date | None = None
    until: date | None = None
    layers: Sequence[str] = ()
    kinds: Sequence[str] = ()
    min_amount: float | None = None
    max_amount: float | None = None
    once: bool = False

    def columns(self) -> tuple[str, ...]:
        """Return the names of the edge columns that the filter reads."""
        by_column = {
            "relationship_type": bool(self.types),
            "confidence_score": self.min_confidence > 0,
            "occurred_at": self.since is not None or self.until is not None,
            "kind": bool(self.kinds),
            "amount": self.min_amount is not None or self.max_amount is not None,
            "payment_group_id": self.once,
        }
        presences = (BY_NAME[name].presence for name in self.layers)
        return (*(name for name, needed in by_column.items() if needed), *presences)

    def of(self, graph: Graph) -> Graph:
        """Return the graph with all its nodes, and with only the edges that meet the conditions."""
        return graph.only(edges=self.mask(graph)) if self.columns() else graph

    def mask(self, graph: Graph) -> Mask:
        """Return one boolean per edge: whether it meets the conditions."""
        mask = np.ones(graph.edge_count, bool)
        for condition in self._conditions(graph.edges):
            mask &= _mask(condition)
        return _once(graph.edges, mask) if self.once else mask

    def _conditions(self, edges: pa.Table) -> "list[pa.ChunkedArray]":
        conditions = [pc.is_valid(edges[BY_NAME[name].presence]) for name in self.layers]
        if self.types:
            types = pa.array(self.types, pa.string())
            conditions.append(pc.is_in(edges["relationship_type"], value_set=types))
        if self.kinds:
            kind = plain(edges["kind"])
            recorded = pc.is_in(kind, value_set=pa.array(self.kinds, pa.string()))
            conditions.append(pc.or_(recorded, pc.is_null(kind)))
        if self.min_confidence > 0:
            conditions.append(pc.greater_equal(edges["confidence_score"], self.min_confidence))
        conditions += self._of_amount(edges)
        if self.since is not None or self.until is not None:
            days = edges["occurred_at"].cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
            if self.since is not None:
                conditions.append(pc.greater_equal(days, pa.scalar(self.since)))
            if self.until is not None:
                conditions.append(pc.less_equal(days, pa.scalar(self.until)))
        return conditions

    def _of_amount(self, edges: pa.Table) -> "list[pa.ChunkedArray]":
        if self.min_amount is None and self.max_amount is None:
            return []
        amounts = pc.abs(edges["amount"].cast(pa.float64()))
        ends = ((pc.greater_equal, self.min_amount), (pc.less_equal, self.max_amount))
        return [compare(amounts, end) for compare, end in ends if end is not None]


def _once(edges: pa.Table, mask: Mask) -> Mask:
    """Return the mask without edges that are further sightings of a payment.

    Of a payment's edges in the mask the canonical one stays, else the one with the lowest id. All
    links stay, because a link is no sighting of a payment.
    """
    groups, ids = storage(edges["payment_group_id"]), storage(edges["id"])
    counts = np.asarray(pc.equal(groups, ids).fill_null(True), bool)
    others = np.flatnonzero(mask & ~counts)
    if not len(others):
        return mask
    shown = ids.filter(pa.array(mask & counts))
    absent = np.asarray(pc.invert(pc.is_in(groups.take(pa.array(others)), value_set=shown)), bool)
    chosen = pa.array(others[absent])
    views = pa.table({"group": groups.take(chosen), "id": ids.take(chosen), "row": chosen})
    ordered = views.take(pc.sort_indices(views, [("group", "ascending"), ("id", "ascending")]))
    _, first = np.unique(np.asarray(ordered["group"].to_numpy(), "S16"), return_index=True)
    kept = mask & counts
    kept[ordered["row"].to_numpy()[first]] = True
    return kept


def _mask(condition: pa.ChunkedArray) -> Mask:
    return np.asarray(condition.fill_null(False).to_numpy(), bool)
