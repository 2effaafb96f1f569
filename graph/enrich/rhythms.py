"""The rhythms in which money is paid, as grids of days: every so many days, or so many months.

Pure: days are numbers since 1970-01-01, months since January 1970.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MONTH_CYCLE = 31  # days of the month, 1..31, as phases


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often: `step` days, or `step` months (`monthly`). `windows`: widths in days, least first.

    A width is how many days in a row an occurrence may fall on. The widest leaves room for four
    days of lateness or earliness and a weekend, as long as it tells days of the rhythm from others.
    """

    frequency: str
    step: int
    monthly: bool
    windows: tuple[int, ...]

    @property
    def period(self) -> float:
        """In days, on average (the Gregorian year has 365.2425)."""
        return self.step * 365.2425 / 12 if self.monthly else float(self.step)

    @property
    def cycle(self) -> int:
        """How many phases there are."""
        return self.step * (MONTH_CYCLE if self.monthly else 1)

    @property
    def tail(self) -> int:
        """By how many days more than its window allows an occurrence may be early or late."""
        return min(7, int(self.period - self.windows[-1]) // 3)


RHYTHMS = (
    Rhythm("weekly", 7, monthly=False, windows=(1, 3, 4)),
    Rhythm("fortnightly", 14, monthly=False, windows=(1, 3, 5, 7)),
    Rhythm("four_weekly", 28, monthly=False, windows=(1, 3, 5, 7, 11)),
    Rhythm("monthly", 1, monthly=True, windows=(1, 3, 5, 7, 11)),
    Rhythm("quarterly", 3, monthly=True, windows=(1, 3, 5, 7, 11, 15)),
    Rhythm("yearly", 12, monthly=True, windows=(1, 3, 7, 11, 15)),
)
BY_FREQUENCY = {rhythm.frequency: rhythm for rhythm in RHYTHMS}


def month_of(days: Ints) -> Ints:
    """The month that each day lies in."""
    months: Ints = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def first_of(months: Ints) -> Ints:
    """The first day of each month."""
    days: Ints = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


@dataclass(frozen=True)
class Days:
    """Distinct days in order, with what rhythms ask of them."""

    day: Ints

    @cached_property
    def month(self) -> Ints:
        return month_of(self.day)

    @cached_property
    def of_month(self) -> Ints:
        """The day of the month, from 0."""
        return self.day - first_of(self.month)

    def phases(self, rhythm: Rhythm) -> Ints:
        """Where in the rhythm's cycle each day lies."""
        if not rhythm.monthly:
            return self.day % rhythm.step
        return (self.month % rhythm.step) * MONTH_CYCLE + self.of_month


@dataclass(frozen=True, slots=True)
class Grid:
    """The rhythm's agreed days: those of one phase. Slots count them, across 1970 and backwards.

    A month that is too short for its day has it on its last.
    """

    rhythm: Rhythm
    phase: int

    def agreed(self, slots: Ints) -> Ints:
        """The agreed day of each slot."""
        if not self.rhythm.monthly:
            return slots * self.rhythm.step + self.phase
        months = slots * self.rhythm.step + self.phase // MONTH_CYCLE
        first = first_of(months)
        return np.minimum(first + self.phase % MONTH_CYCLE, first_of(months + 1) - 1)

    def slots(self, days: Days) -> Ints:
        """The slot whose agreed day is nearest to each day; the earlier one of two."""
        if not self.rhythm.monthly:
            return -((self.phase - days.day + self.rhythm.step // 2) // self.rhythm.step)
        before = (days.month - self.phase // MONTH_CYCLE) // self.rhythm.step
        before -= self.agreed(before) > days.day
        to_next = self.agreed(before + 1) - days.day
        nearer: Ints = before + (to_next < days.day - self.agreed(before))
        return nearer
