"""Proves without a search that groups of payments contain what an earlier search found in them.

A search depends on nothing but the group's rows, whether its wording is common, and the answers to
its requests (`detect`). Suppose that rows and wording are as they were, and that no request was
answered by a fit. The first request is then the same as before. If it is not answered by a fit now,
the second one is the same as before, too, and so on. So if none of the earlier requests is answered
by a fit when compared with the present activity, a search would make the same requests and find the
same. The requests are fitted as a search fits them, so this holds exactly, and not within a limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from graph.enrich.columns import ragged
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.series.activities import Activities
from graph.enrich.series.activity import Others
from graph.enrich.series.day_sets import FitRequest
from graph.enrich.series.detect import SURE, by_day, log_amounts
from graph.enrich.series.grid_fit import best


@dataclass(frozen=True, slots=True)
class Repeated:
    """A group's row numbers, and the price and the positions in the group of each of its earlier
    requests."""

    places: Ints
    prices: Sequence[float]
    parts: Sequence[Sequence[int]]


def unanswered(
    payments: Payments, activities: Activities, groups: Sequence[Repeated]
) -> list[bool]:
    """Return for each group whether no request of it is answered by a fit now."""
    result = [True] * len(groups)
    if not any(group.parts for group in groups):
        return result
    days = [payments.day[by_day(payments.day, group.places)] for group in groups]
    others = Others(days, [activities.around(group.places) for group in groups])
    requests = _requests(payments, groups)
    for request, fit in zip(requests, best(requests, others, SURE), strict=True):
        result[request.group] &= fit is None
    return result


def _requests(payments: Payments, groups: Sequence[Repeated]) -> list[FitRequest]:
    """Return the earlier requests of all groups with the days and amounts of the present rows."""
    ordered = [by_day(payments.day, group.places) for group in groups]
    parts = [ordered[at][part] for at, group in enumerate(groups) for part in group.parts]
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    rows, of = np.concatenate(parts), np.repeat(np.arange(len(parts)), lengths)
    day = payments.day[rows]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (np.diff(day) != 0) | (np.diff(of) != 0)
    place = np.cumsum(new) - 1
    means = np.bincount(place, log_amounts(payments)[rows]) / np.bincount(place)
    days, bounds = day[new], pairwise(ragged.cut(of[new], len(parts)).tolist())
    labels = [(at, price) for at, group in enumerate(groups) for price in group.prices]
    return [
        FitRequest(days[begin:end], means[begin:end], *label)
        for (begin, end), label in zip(bounds, labels, strict=True)
    ]
