"""The frequencies of payments as grids of days: every few days, or every few months.

Pure functions. Days are numbers since 1970-01-01, months since January 1970.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MONTH_CYCLE = 31  # days of the month, 1..31, as phases


@dataclass(frozen=True, slots=True)
class Frequency:
    """A frequency: every `step` days, or every `step` months (`monthly`).

    `windows` are widths: numbers of consecutive days on which an occurrence may fall. The widest
    allows four days of lateness or earliness and a weekend, as long as the window still
    distinguishes days of the frequency from others. `rarity` is the log odds against this frequency
    before any day is known, compared with the usual ones. `times` is the number of payment days per
    month. With two, the phase contains the first day and, in whole cycles, the days from it to the
    second.
    """

    name: str
    step: int
    monthly: bool
    windows: tuple[int, ...]
    rarity: float = 0.0
    times: int = 1

    @property
    def period(self) -> float:
        """Return the mean number of days from one agreed day to the next (the Gregorian year has
        365.2425)."""
        return self.step * 365.2425 / 12 / self.times if self.monthly else float(self.step)

    @property
    def cycle(self) -> int:
        """Return the number of phases."""
        return self.step * (MONTH_CYCLE if self.monthly else 1)

    @property
    def tail(self) -> int:
        """Return by how many days an occurrence may be early or late outside the window."""
        return min(7, int(self.period - self.windows[-1]) // 3)


FREQUENCIES = (
    Frequency("weekly", 7, monthly=False, windows=(1, 3, 4)),
    Frequency("fortnightly", 14, monthly=False, windows=(1, 3, 5, 7)),
    Frequency("four_weekly", 28, monthly=False, windows=(1, 3, 5, 7, 11)),
    Frequency("thirty_days", 30, monthly=False, windows=(1, 3), rarity=3.0),
    Frequency("monthly", 1, monthly=True, windows=(1, 3, 5, 7, 11)),
    Frequency("two_monthly", 2, monthly=True, windows=(1, 3, 5, 7, 11), rarity=1.0),
    Frequency("quarterly", 3, monthly=True, windows=(1, 3, 5, 7, 11, 15)),
    Frequency("half_yearly", 6, monthly=True, windows=(1, 3, 7, 11, 15), rarity=1.0),
    Frequency("yearly", 12, monthly=True, windows=(1, 3, 7, 11, 15)),
)
# Never fitted: two monthly series side by side may be joined to one (`joined_series`).
TWICE = Frequency("twice_monthly", 1, monthly=True, windows=(1, 3, 5), times=2)
EVERY = (*FREQUENCIES, TWICE)
BY_FREQUENCY = {frequency.name: frequency for frequency in EVERY}

# The same as columns, by the place in EVERY.
STEP = np.array([frequency.step for frequency in EVERY], dtype=np.int64)
MONTHLY = np.array([frequency.monthly for frequency in EVERY], dtype=bool)
PERIOD = np.array([frequency.period for frequency in EVERY], dtype=np.float64)
CYCLE = np.array([frequency.cycle for frequency in EVERY], dtype=np.int64)
TAIL_DAYS = np.array([frequency.tail for frequency in EVERY], dtype=np.int64)


def month_of(days: Ints) -> Ints:
    """Return the month of each day, counted from January 1970."""
    months: Ints = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def first_of(months: Ints) -> Ints:
    """Return the first day of each month."""
    days: Ints = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


@dataclass(frozen=True)
class Days:
    """Days, together with each day's month and phase, which are computed once."""

    day: Ints

    @cached_property
    def month(self) -> Ints:
        return month_of(self.day)

    @cached_property
    def of_month(self) -> Ints:
        """Return each day's position in its month, from 0."""
        return self.day - first_of(self.month)

    def at(self, places: Ints) -> "Days":
        """Return the days at these positions. A position may occur several times."""
        some = Days(self.day[places])
        some.__dict__["month"] = self.month[places]
        return some

    def phases(self, frequency: Frequency) -> Ints:
        """Return the position of each day in the frequency's cycle, from 0."""
        if not frequency.monthly:
            return self.day % frequency.step
        return (self.month % frequency.step) * MONTH_CYCLE + self.of_month


@dataclass(frozen=True)
class Grids:
    """Many grids at once: `frequency` is the place of each one's frequency in EVERY, `phase` its
    phase.

    A grid consists of the agreed days of a frequency with one phase. Slots number these days from
    1970 on; earlier days have negative numbers. In a month that is too short, the agreed day is the
    last day.
    """

    frequency: Ints
    phase: Ints

    def agreed(self, slots: Ints, of: Ints) -> Ints:
        """Return the agreed day of each slot. `of` has the number of the grid for each slot."""
        frequency, phase = self.frequency[of], self.phase[of]
        days = slots * STEP[frequency] + phase
        some = np.flatnonzero(MONTHLY[frequency])
        months = slots[some] * STEP[frequency[some]] + phase[some] // MONTH_CYCLE
        first = first_of(months)
        days[some] = np.minimum(first + phase[some] % MONTH_CYCLE, first_of(months + 1) - 1)
        some = np.flatnonzero(frequency == len(FREQUENCIES))
        months, second = np.divmod(slots[some], TWICE.times)
        into = phase[some] % MONTH_CYCLE + second * (phase[some] // MONTH_CYCLE)
        days[some] = np.minimum(first_of(months) + into, first_of(months + 1) - 1)
        return days

    def slots(self, days: Days, of: Ints) -> Ints:
        """Return, for each day, the slot whose agreed day is nearest; of two the earlier one.
        `of` has the number of the grid for each day."""
        step, phase = STEP[self.frequency[of]], self.phase[of]
        slots = -((phase - days.day + step // 2) // step)
        some = np.flatnonzero(MONTHLY[self.frequency[of]])
        day, grids = days.day[some], of[some]
        before = (days.month[some] - phase[some] // MONTH_CYCLE) // step[some]
        before -= self.agreed(before, grids) > day
        to_next = self.agreed(before + 1, grids) - day
        slots[some] = before + (to_next < day - self.agreed(before, grids))
        some = np.flatnonzero(self.frequency[of] == len(FREQUENCIES))
        if len(some):
            near = TWICE.times * days.month[some] + np.arange(-1, 3)[:, None]
            agreed = self.agreed(near.ravel(), np.tile(of[some], 4)).reshape(near.shape)
            best = np.abs(agreed - days.day[some]).argmin(axis=0)
            slots[some] = near[best, np.arange(len(some))]
        return slots


@dataclass(frozen=True, slots=True)
class Grid:
    """One grid: the agreed days of a frequency with one phase."""

    frequency: Frequency
    phase: int

    def agreed(self, slots: Ints) -> Ints:
        """Return the agreed day of each slot."""
        return self._alone.agreed(slots, np.zeros(len(slots), dtype=np.int64))

    def slots(self, days: Days) -> Ints:
        """Return, for each day, the slot whose agreed day is nearest; of two the earlier one."""
        return self._alone.slots(days, np.zeros(len(days.day), dtype=np.int64))

    @property
    def _alone(self) -> Grids:
        return Grids(np.array([EVERY.index(self.frequency)]), np.array([self.phase]))


def moved(grid: Grid, by: Ints) -> tuple[Ints, Ints]:
    """Return (turns, phases) after moving the grid's phase by each of these numbers of days.

    A turn is how many cycles the phase has moved, and the phase is within its cycle again.
    """
    if grid.frequency is TWICE:
        gap, first = divmod(grid.phase, MONTH_CYCLE)
        return np.zeros_like(by), gap * MONTH_CYCLE + np.clip(first + by, 0, MONTH_CYCLE - 1)
    turn, phase = np.divmod(grid.phase + by, grid.frequency.cycle)
    return turn, phase
