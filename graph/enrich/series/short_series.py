"""Finds short series: three to six payments of one amount, or a yearly one seen twice. Pure
functions.

So few days alone prove nothing (`grid_fit`), so these series are probable only, with a lower score.
The payments are equal, each one period after the one before it, none missed, on the agreed day or
where a weekend moves it. A party with other amounts in between, such as a shop, is left out.
Frequencies in days need one payment more than those in months, because payment runs are on one
weekday. Two payments are a yearly series if day, amount and an unusual wording agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np

from graph.enrich.series.activity import Floats
from graph.enrich.series.closing_days import are_closed
from graph.enrich.series.grid_fit import Fit
from graph.enrich.series.periods import BY_FREQUENCY, FREQUENCIES, Days, Frequency, Grid, Ints

FEWEST, MOST = 3, 6  # equal payments; with more, the likelihood of their days decides
BETWEEN = 1  # most payments of other amounts between them
MOVED = 4  # days by which a weekend with holidays may move a payment
GOES_ON = {2: 0.55, 3: 0.65, 4: 0.8, 5: 0.85, 6: 0.88}  # probability of one more
# Chance that so many are a series: all 80 pairs and all 261 of three of planted books of seeds 6 to
# 25 were, and 236 of 237 of four, and all 13 of a council's, read one by one; a sceptic's five of
# each length count against them, and no short one is stated to be surer than .96.
IS_SERIES = {2: 0.94, 3: 0.96, 4: 0.96, 5: 0.96, 6: 0.96}
YEAR, ABOUT = 365, 7  # days between two payments of a yearly series, and the tolerance
RISE = 0.12  # in log amounts, within a year
WIDTH = 3  # days around the agreed day
# The days between two payments of consecutive slots: those between the agreed days (a month has 28
# to 31 days), and MOVED at either end. Other days cannot be a series, which saves fitting them.
LEAST_GAP = {r.name: r.step * (28 if r.monthly else 1) - 2 * MOVED for r in FREQUENCIES}
MOST_GAP = {r.name: r.step * (31 if r.monthly else 1) + 2 * MOVED for r in FREQUENCIES}


@dataclass(frozen=True)
class Group:
    """Payments between two parties that are in no series yet, ordered by day.

    `amounts` has the logarithms of their amounts, `wording` a code of the description, and
    `is_common` says that many parties have a wording of theirs.
    """

    days: Ints
    amounts: Floats
    wording: Ints
    is_common: bool


def find(group: Group) -> Iterator[tuple[Ints, Fit]]:
    """Yield (positions of the payments in the group, one per slot; fit) of each short series."""
    amounts, of, counts = np.unique(group.amounts, return_inverse=True, return_counts=True)
    for at in np.flatnonzero((counts >= FEWEST) & (counts <= MOST)).tolist():
        places = np.flatnonzero(of == at)
        if (fit := _of_equal(group, places)) is not None:
            yield places, fit
    if len(amounts) <= 2 == len(group.days) and (fit := _of_two(group)) is not None:
        yield np.arange(2), fit


def chance(occurrences: int) -> float:
    """Return the probability that this number of equal payments on their agreed days is a
    series."""
    return IS_SERIES[min(max(occurrences, min(IS_SERIES)), max(IS_SERIES))]


def _of_equal(group: Group, places: Ints) -> Fit | None:
    days = group.days[places]
    inside = (group.days >= days[0]) & (group.days <= days[-1])
    if inside.sum() - len(places) > BETWEEN:
        return None
    gaps = np.diff(days)
    shortest, longest = int(gaps.min()), int(gaps.max())
    fits = (
        _kept(frequency, days)
        for frequency in FREQUENCIES
        if len(days) >= FEWEST + (not frequency.monthly)
        and LEAST_GAP[frequency.name] <= shortest
        and longest <= MOST_GAP[frequency.name]
    )
    return next((fit for fit in fits if fit is not None), None)


def _of_two(group: Group) -> Fit | None:
    gap, rise = np.diff(group.days)[0], np.diff(group.amounts)[0]
    same = group.wording[0] == group.wording[1] and not group.is_common
    if not same or abs(gap - YEAR) > ABOUT or abs(rise) > RISE:
        return None
    return _fit(
        Grid(BY_FREQUENCY["yearly"], _phase(BY_FREQUENCY["yearly"], group.days)), group.days
    )


def _kept(frequency: Frequency, days: Ints) -> Fit | None:
    """Return the fit to a grid of the frequency if each day is the agreed day after the one
    before; else None."""
    for phase in dict.fromkeys(Days(days).phases(frequency).tolist()):
        grid = Grid(frequency, phase)
        slots = grid.slots(Days(days))
        agreed = grid.agreed(slots)
        if (np.diff(slots) == 1).all() and _as_agreed(agreed, days).all():
            return _fit(grid, days)
    return None


def _as_agreed(agreed: Ints, days: Ints) -> Ints:
    """Return one boolean per day: whether it is the agreed day, or a weekend or holiday may have
    moved it from there."""
    moved = are_closed(agreed) & (abs(days - agreed) <= MOVED)
    return np.asarray((days == agreed) | moved)


def _phase(frequency: Frequency, days: Ints) -> int:
    return int(Days(days).phases(frequency)[0])


def _fit(grid: Grid, days: Ints) -> Fit:
    slots = grid.slots(Days(days))
    odds = -log(1 - GOES_ON[len(days)])
    offsets = days - grid.agreed(slots)
    return Fit(grid, WIDTH, np.arange(len(days)), slots, offsets, odds, 0.99)
