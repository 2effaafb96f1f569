"""Layer 1, causal: does one event cause the other? By the criteria of A. Bradford Hill, "The
environment and disease: association or causation?", Proc. R. Soc. Med. 58 (1965), 295-300.

The criteria are computed over all links of one type between the same two parties, because a single
pair proves nothing. Only links that express cause and effect are judged: an invoice and its
payment, a payment and its fee, a payment and its reversal, a mail and its subject, an order. A
payment alone has no causal row.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from psycopg.sql import SQL, Literal

from graph import sql
from graph.database.arrow import tenant_snapshot
from graph.enrich.write import facts
from graph.enrich.write.counts import Counts
from graph.models.enrichment import BRADFORD_HILL, CausalRelationship

Columns = Mapping[str, NDArray[Any]]
COLUMNS = ("causal_score", "causal_direction", *BRADFORD_HILL, "evidence")
FEW = 4  # pairs; with fewer a rank correlation means nothing
PRECISION = 6  # stored digits


@dataclass(frozen=True, slots=True)
class Judged:
    """The result for one group of links: their row numbers (`places`), the end that comes first,
    the six criteria by name (0..1, None if unknown), and evidence."""

    places: NDArray[np.int64]
    direction: str
    criteria: dict[str, float | None]
    evidence: dict[str, Any]


def judge(links: Columns) -> list[Judged]:
    """Return one result for each group of links of one type from one party to another.

    `links` has columns of equal length: type, cause, effect (texts), cause_day, effect_day (days),
    cause_amount, effect_amount, confidence, causes, effects (numbers of events), cause_days,
    effect_days (their spans in days). If the effects come before the causes, the two are swapped,
    and the result says so. A criterion with the same value for all groups is left out if there are
    groups to compare.
    """
    turned = _swapped(links)
    judgements = [_judged(links, turned, places) for places in _groups(links)]
    silent = _constant(judgements)
    return [
        Judged(
            judgement.places,
            judgement.direction,
            {name: None if name in silent else value for name, value in judgement.criteria.items()},
            {**judgement.evidence, "the_same_everywhere": sorted(silent)},
        )
        for judgement in judgements
    ]


def _swapped(links: Columns) -> Columns:
    """Return the links with their ends swapped: the columns of the causes become those of the
    effects, and vice versa."""
    other = {"cause": "effect", "effect": "cause"}
    return {
        "".join(other.get(part, part) for part in re.split("(cause|effect)", name)): column
        for name, column in links.items()
    }


def _judged(links: Columns, turned: Columns, places: NDArray[np.int64]) -> Judged:
    first = _precedence(links, places)
    oriented = turned if first < 0.5 else links
    return Judged(places, direction(first), *_criteria(oriented, places))


def _precedence(links: Columns, places: NDArray[np.int64]) -> float:
    """Return the share (0..1) of links in which the cause comes first. A link within one day counts
    half."""
    lag = links["effect_day"][places] - links["cause_day"][places]
    return float(np.where(lag > 0, 1.0, np.where(lag == 0, 0.5, 0.0)).mean())


def _groups(links: Columns) -> Iterator[NDArray[np.int64]]:
    if not len(links["type"]):
        return
    names = [f"{t}\x1f{c}\x1f{e}" for t, c, e in zip(*_ends(links), strict=True)]
    _, group = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
    order = np.argsort(group, kind="stable")
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    yield from np.split(order, cuts)


def _ends(links: Columns) -> tuple[NDArray[Any], ...]:
    return tuple(links[name] for name in ("type", "cause", "effect"))


def _criteria(
    links: Columns, places: NDArray[np.int64]
) -> tuple[dict[str, float | None], dict[str, Any]]:
    """Return the six criteria of these links by name, each in 0..1 or None if unknown, and
    evidence.

    temporal precedence  share of pairs in which the cause comes first; the same day counts half
    consistency          share of the party's possible causes that were followed by an effect
    specificity          share of the party's possible effects that had such a cause
    strength             (observed - by chance) / (1 - by chance), the attributable fraction of
                         those exposed (Greenland & Robins 1988); by chance = 1 - exp(-r·w) for
                         r effects a day and w days, the 90th percentile of the lags
    dose-response        Spearman's rank correlation of the amounts, not below 0
    plausibility         the mean confidence of the links: how surely a mechanism ties the pairs
    """
    lag = links["effect_day"][places] - links["cause_day"][places]
    causes, effects = _distinct(links, places)
    observed = causes / max(float(links["causes"][places].max()), causes)
    window = float(np.quantile(np.abs(lag), 0.9)) + 1
    rate = float(links["effects"][places].max() / links["effect_days"][places].max())
    chance = float(1 - np.exp(-rate * window))
    criteria = {
        "temporal_precedence": _precedence(links, places),
        "strength": max(0.0, (observed - chance) / (1 - chance)) if chance < 1 else 0.0,
        "consistency": observed,
        "specificity": effects / max(float(links["effects"][places].max()), effects),
        "dose_response": _dose_response(links, places),
        "plausibility": float(links["confidence"][places].mean()),
    }
    evidence = {
        "pairs": len(places),
        "median_lag_days": float(np.median(lag)),
        "window_days": round(window, 1),
        "by_chance": round(chance, PRECISION),
    }
    return criteria, evidence


def _distinct(links: Columns, places: NDArray[np.int64]) -> tuple[int, int]:
    causes = set(links["cause_event"][places])
    effects = set(links["effect_event"][places])
    return len(causes), len(effects)


def _dose_response(links: Columns, places: NDArray[np.int64]) -> float | None:
    """Return the rank correlation of the causes' and the effects' amounts, at least 0.

    Returns None if there are few links or if all amounts of one end are equal.
    """
    one, other = links["cause_amount"][places], links["effect_amount"][places]
    if len(places) < FEW or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return max(0.0, float(np.corrcoef(_ranks(one), _ranks(other))[0, 1]))  # Spearman's


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rank of each value. Equal values get their mean rank."""
    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[of]


def _constant(judgements: list[Judged]) -> set[str]:
    if len(judgements) < 2:
        return set()
    values = {
        name: {
            round(value, PRECISION)
            for judgement in judgements
            if (value := judgement.criteria[name]) is not None
        }
        for name in BRADFORD_HILL
    }
    return {name for name, distinct in values.items() if len(distinct) == 1}


def score(criteria: Mapping[str, float | None]) -> float | None:
    """Return the mean of the known criteria (0..1), or None if none is known."""
    values = [value for value in criteria.values() if value is not None]
    return round(sum(values) / len(values), PRECISION) if values else None


def direction(precedence: float) -> str:
    """Return which end of a link comes first: "forward" for the source, "backward" for the target,
    "both" for neither.

    `precedence` is the share of links in which the source comes first.
    """
    if precedence == 0.5:
        return "both"
    return "forward" if precedence > 0.5 else "backward"


def enrich(user_id: UUID) -> Counts:
    """Write one row of layer 1 per judged link of the tenant. Return the numbers of changed
    rows."""
    with tenant_snapshot(user_id, hashed=True) as reader:
        query = SQL(sql.read("enrich/causes")).format(user_id=Literal(str(user_id)))
        links = _columns(reader.table(query))
    return facts.write(user_id, CausalRelationship, COLUMNS, list(_rows(links)))


def _rows(links: Columns) -> Iterator[dict[str, Any]]:
    for judgement in judge(links):
        row = {
            **{name: _rounded(value) for name, value in judgement.criteria.items()},
            "causal_score": score(judgement.criteria),
            "causal_direction": judgement.direction,
            "evidence": judgement.evidence,
        }
        for relationship in links["relationship"][judgement.places]:
            yield {"relationship_id": relationship, **row}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(min(max(value, 0.0), 1.0), PRECISION)


def _columns(table: pa.Table) -> Columns:
    """Return the table's columns by name: texts as object arrays, numbers unchanged."""
    return {name: np.asarray(table[name].to_pylist()) for name in table.column_names}
