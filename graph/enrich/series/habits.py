"""The habit of a series: on which day it comes, and what weekends or the payer's runs do to it.

The functions are pure.
"""

from dataclasses import dataclass

import numpy as np

from graph.enrich.series.activity import Floats
from graph.enrich.series.moved_days import BACK, NO_RUN, WAYS, shifted
from graph.enrich.series.periods import EVERY, Grid, Grids, Ints, month_of, moved

NEAR = 3  # days by which the agreed day may differ from the middle of the window


@dataclass(frozen=True)
class Habit:
    """On which day a series usually comes: its agreed day, and how weekends or the payer's runs
    move it.

    `turn` is 1 or -1 if the agreed day is in the cycle after or before the grid's own.
    """

    grid: Grid
    turn: int
    weekend: str  # kept, after (the Monday), before (the Friday), run_after, run_before
    spread: float  # mean absolute error in days
    run: int = NO_RUN  # the weekday of the payer's runs

    def expected(self, slots: Ints) -> Ints:
        return shifted(self.grid.agreed(slots + self.turn), self.weekend, self.run)

    def in_own_months(self, slots: Ints) -> Ints:
        """Return the expected day of each slot, for a monthly series within the month of its agreed
        day.

        A day that weekends or runs would move to another month moves the other way (the
        business-day convention "modified following").
        """
        days = self.expected(slots)
        if not self.grid.frequency.monthly:
            return days
        agreed = self.grid.agreed(slots + self.turn)
        other_way = shifted(agreed, BACK[self.weekend], self.run)
        return np.where(month_of(days) == month_of(agreed), days, other_way)


@dataclass(frozen=True)
class Habits:
    """All habits that a series may have: one for each phase near the grid's own and each way in
    which weekends or the payer's weekly runs may move days.

    There is one row per habit, the plainest first, and one column per occurrence. `expected` has
    the day that the habit expects, `spread` its mean error in days up to then.
    """

    grid: Grid
    by: Ints
    expected: Ints
    spread: Floats
    run: int

    @classmethod
    def of(cls, grid: Grid, slots: Ints, days: Ints, run: int = NO_RUN) -> "Habits":
        reach = min(NEAR, grid.frequency.cycle // 4)
        by = np.array(sorted(range(-reach, reach + 1), key=abs), dtype=np.int64)
        turn, phase = moved(grid, by)
        grids = Grids(np.full(len(by), EVERY.index(grid.frequency)), phase)
        turns = np.repeat(np.arange(len(by)), len(slots))
        agreed = grids.agreed((slots + turn[:, None]).ravel(), turns).reshape(len(by), len(slots))
        expected = np.stack([shifted(agreed, weekend, run) for weekend in WAYS], axis=1)
        expected = expected.reshape(-1, len(slots))
        errors = np.abs(days - expected)
        spread = np.cumsum(errors, axis=1) / np.arange(1, len(slots) + 1)
        return cls(grid, by, expected, spread, run)

    def best(self, count: int) -> int:
        """Return the row of the habit with the smallest error over the first `count`
        occurrences; of equal ones the plainest."""
        return int(np.round(self.spread[:, count - 1], 6).argmin())

    def habit(self, count: int) -> Habit:
        """Return the habit with the smallest error over the first `count` occurrences."""
        best = self.best(count)
        by, weekend = divmod(best, len(WAYS))
        turn, phase = (int(each[by]) for each in moved(self.grid, self.by))
        spread = float(self.spread[best, count - 1])
        return Habit(Grid(self.grid.frequency, phase), turn, WAYS[weekend], spread, self.run)
