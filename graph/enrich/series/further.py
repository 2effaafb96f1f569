"""Forecasts the occurrences of a series after its next one, if the series goes on as before. Pure
functions.

Nothing is calibrated so far ahead. Amounts drift as prices do: a range of amounts is the next
one's, widened by the square root of the number of steps, as in a random walk, but to DRIFT at most.
A range that is wider than that has room for it already. A range of days stays as wide, because the
agreed days of a series do not depend on how late the one before was. In the demo's books, 93 % of
the amounts 2 to 9 steps ahead are in such ranges; without the widening, 67 % of those 9 ahead.
A series that keeps only half of its agreed days is projected to every second one, so that it comes
as often as before. Nothing is projected into the season in which it pauses. An occurrence of a
monthly series is in the month of its agreed day, also where a weekend would move it out of it, so
that no month has none or two.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from graph.enrich.series import forecast, pauses
from graph.enrich.series.forecast import USUAL, Amounts, Course, Expected, Scale

NEAR_DAYS, FAR_DAYS = 92, 365  # how far series are projected: those of less than SHORT days, others
SHORT = 28.0
DRIFT = 0.2  # largest drift of log amounts up or down
YEAR = 365
UNLIKELY = 0.05
ALIKE = 0.02  # largest difference of log amounts that are one price
BESIDE = 2  # further occurrences, because a source's books may end two periods before today


@dataclass(frozen=True)
class Further:
    """An occurrence some steps after the next one: its slot, its day with the range first …
    last, and its amount from low to high, in 1/10,000 of the currency's unit."""

    slot: int
    day: int
    first: int
    last: int
    low: int
    high: int


def further(
    course: Course, calibration: dict[str, Scale], following: Expected
) -> Iterator[Further]:
    """Yield the occurrences after `following`: three months of them, or a year for four-weekly
    and rarer series."""
    scale = forecast.scale_of(calibration, course.series.frequency)
    if scale is None:
        return
    period = course.series.fit.grid.frequency.period
    every = thinned(course)
    count = math.ceil((NEAR_DAYS if period < SHORT else FAR_DAYS) / period) + BESIDE
    slots = following.slot + np.arange(1, count + 1)
    days = course.habit.in_own_months(slots)
    amounts = Amounts.of(course, following.known, scale)
    before, after = following.day - following.first, following.last - following.day
    past = np.append(course.slots, following.slot), np.append(course.days, following.day)
    for at in pauses.going_on(course.series.fit.grid, *past, slots, days, every=every):
        slot, day = int(slots[at]), int(days[at])
        if day + after > forecast.LAST_DAY:
            return
        effect = forecast.effect_in(course, following.known, slot)
        low, high = _widened(amounts, slot - following.slot + 1).range(effect)
        yield Further(slot, day, day - before, day + after, low, high)


def thinned(course: Course) -> int:
    """Return n if the series keeps about one of n agreed days. From 2 on, only each n-th agreed
    day is projected."""
    return round(1 / kept(course))


def may_skip_until(course: Course) -> int:
    """Return the last slot until which a series may be missing without having ended.

    A series that keeps one of two agreed days or fewer, and goes on, would skip all of these slots
    with a probability below UNLIKELY. For any other series it is the slot of the last occurrence.
    """
    if thinned(course) < 2:
        return int(course.slots[-1])
    return int(course.slots[-1]) + math.ceil(math.log(UNLIKELY) / math.log(1 - kept(course)))


def times_in_year(course: Course, following: Expected) -> float:
    """Return how many times the series is expected in the year from `following` on.

    It counts agreed days outside the season in which the series pauses, times the share of them
    that it keeps.
    """
    grid = course.series.fit.grid
    slots = following.slot + np.arange(1, math.ceil(YEAR / grid.frequency.period) + 1)
    days = course.habit.expected(slots)
    past = np.append(course.slots, following.slot), np.append(course.days, following.day)
    agreed = sum(
        days[at] - following.day < YEAR - grid.frequency.period / 2
        for at in pauses.going_on(grid, *past, slots, days)
    )
    return max(1.0, kept(course) * (1 + int(agreed)))


def usual_amount(course: Course) -> float:
    """Return what one occurrence usually is, in 1/10,000 of the currency's unit: the last amount
    if the last ones are alike, else the mean of the last year's."""
    if np.ptp(course.amounts[-USUAL:]) <= ALIKE:
        return float(np.exp(np.median(course.amounts[-USUAL:])))
    of_year = course.days > course.days[-1] - YEAR
    return float(np.exp(course.amounts[of_year]).mean())


def kept(course: Course) -> float:
    """Return the share (0..1) of agreed days that the series kept, without those in pauses."""
    return len(course.slots) / pauses.agreed(course.slots, course.days)


def _widened(amounts: Amounts, steps: int) -> Amounts:
    drifted = min(amounts.reach * math.sqrt(steps), DRIFT)
    return replace(amounts, reach=max(amounts.reach, drifted))
