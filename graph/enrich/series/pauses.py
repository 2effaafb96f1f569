"""Finds the season in which a series pauses: it did so at the same time of an earlier year. Pure
functions."""

import numpy as np

from graph.enrich.series.periods import Ints

YEAR = 365.25
SLOTS, DAYS = 4, 60  # least missed occurrences, and least days, that are a pause
NEAR = 45  # days by which the beginning of the pause may differ from year to year
LONGEST = 31  # days of the longest period; a series of a longer one has too few occurrences a year


def resumes(slots: Ints, days: Ints, expected: int) -> int | None:
    """The day on which the series goes on, if it pauses on the day `expected`; else None.

    `slots` and `days` are those of its occurrences up to now.
    """
    is_pause = (np.diff(slots) > SLOTS) & (np.diff(days) >= DAYS)
    for at in np.flatnonzero(is_pause)[::-1].tolist():
        years = round((days[-1] - days[at]) / YEAR)
        begins, ends = (int(days[each] + years * YEAR) for each in (at, at + 1))
        if years and abs(days[-1] - begins) <= NEAR and begins < expected < ends:
            return ends
    return None
