"""Finds the season in which a series pauses: it did so at the same time of an earlier year. Pure
functions."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from graph.enrich.series.periods import Days, Grid, Ints

YEAR = 365.25
SLOTS, DAYS = 4, 60  # least missed occurrences, and least days, that are a pause
NEAR = 45  # days by which the beginning of the pause may differ from year to year
LONGEST = 31  # days of the longest period; a series of a longer one has too few occurrences a year


def resumes(slots: Ints, days: Ints, expected: int) -> int | None:
    """Return the day on which the series resumes, if it pauses on the day `expected`; else None.

    `slots` and `days` are those of the series' occurrences up to now.
    """
    for at in np.flatnonzero(are_pauses(slots, days))[::-1].tolist():
        years = round((days[-1] - days[at]) / YEAR)
        begins, ends = (int(days[each] + years * YEAR) for each in (at, at + 1))
        if years and abs(days[-1] - begins) <= NEAR and begins < expected < ends:
            return ends
    return None


def are_pauses(slots: Ints, days: Ints) -> NDArray[np.bool_]:
    """Return, for each step from one occurrence to the next, whether it is as long as a pause."""
    return np.asarray((np.diff(slots) > SLOTS) & (np.diff(days) >= DAYS))


def agreed(slots: Ints, days: Ints) -> int:
    """Return the number of agreed days from the first occurrence to the last, without those in
    pauses."""
    steps = np.diff(slots)
    return int(1 + steps.sum() - (steps - 1)[are_pauses(slots, days)].sum())


def going_on(
    grid: Grid, slots: Ints, days: Ints, coming: Ints, expected: Ints, *, every: int = 1
) -> Iterator[int]:
    """Yield the positions in `coming` at which a series is expected: each `every`-th one, except in
    the seasons in which it pauses.

    `slots` and `days` are those of the series' occurrences up to now. `coming` has the consecutive
    slots after these, and `expected` their days.
    """
    may_pause = grid.frequency.period <= LONGEST and are_pauses(slots, days).any()
    at = every - 1
    while at < len(coming):
        resumed = resumes(slots, days, int(expected[at])) if may_pause else None
        if resumed is not None:
            at = max(at, int(grid.slots(Days(np.array([resumed])))[0] - coming[0]))
        if at >= len(coming):
            return
        yield at
        slots, days = np.append(slots, coming[at]), np.append(days, expected[at])
        at += every
