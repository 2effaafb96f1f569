"""What an edge weighs in a question, and what it rests on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.engine.graph import Graph

FALLBACK = "confidence_score"
WEIGHTS = ("causal_score", FALLBACK)


@dataclass(frozen=True, slots=True)
class Weighted:
    """One weight an edge, and on how many edges each column was used."""

    values: npt.NDArray[np.float64]
    used: dict[str, int]


def weighted(graph: Graph, by: str = "causal_score") -> Weighted:
    """Each edge's `by` (a column of scores); its confidence_score where that is not computed."""
    scores = graph.numbers(by)
    absent = np.isnan(scores)
    used = {by: int((~absent).sum())}
    if by != FALLBACK:
        scores = np.where(absent, graph.numbers(FALLBACK), scores)
        used[FALLBACK] = int(absent.sum())
    return Weighted(scores, used)


def columns_for(by: str | None) -> tuple[str, ...]:
    """The edge columns that a question weighted by `by` needs."""
    return () if by is None else tuple(dict.fromkeys((by, FALLBACK)))
