"""Edge weights for a question, and the columns that they come from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.engine.graph import Graph

FALLBACK = "confidence_score"
WEIGHTS = ("causal_score", FALLBACK)


@dataclass(frozen=True, slots=True)
class Weighted:
    """One weight per edge, and for each column the number of edges whose weight comes from it."""

    values: npt.NDArray[np.float64]
    used: dict[str, int]


def weighted(graph: Graph, by: str = "causal_score") -> Weighted:
    """Return each edge's score in the column `by`, or its confidence_score if that is NULL."""
    scores = graph.numbers(by)
    absent = np.isnan(scores)
    used = {by: int((~absent).sum())}
    if by != FALLBACK:
        scores = np.where(absent, graph.numbers(FALLBACK), scores)
        used[FALLBACK] = int(absent.sum())
    return Weighted(scores, used)


def columns_for(by: str | None) -> tuple[str, ...]:
    """Return the edge columns to load for a question that is weighted by the column `by`."""
    return () if by is None else tuple(dict.fromkeys((by, FALLBACK)))
