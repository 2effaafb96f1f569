"""When a source's books move money at all: what the days of one series are judged against. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.enrich.rhythms import RHYTHMS, Days, Ints, Rhythm

Floats = NDArray[np.float64]

SMOOTH = 2.0  # payments that each weekday is given beforehand
CENTURY = 36_525  # days; in longer books single days do not matter
FLOOR = 0.02  # of the mean activity, on any day at all


@dataclass(frozen=True)
class Activity:
    """How much money moves on which day, in one source's books: payments a day, and by weekday."""

    first: int
    sums: Floats  # of days before first + i
    weekdays: Floats  # payments, Thursday first (1970-01-01)
    phases: dict[str, Ints]  # by frequency: payments before each phase of two cycles
    by_weekday: float  # how much the weekdays count beside the days themselves

    @classmethod
    def of(cls, days: Ints, *, in_runs: bool = False) -> "Activity":
        """`in_runs`: the more there are on each of the days, the less do weekdays tell."""
        first = int(days.min())
        counts = np.bincount(days - first)
        sums = np.concatenate(([0.0], np.cumsum(counts, dtype=np.float64)))
        weekdays = np.bincount(days % 7, minlength=7).astype(np.float64)
        by_weekday = float((counts > 0).sum() / counts.sum()) if in_runs else 1.0
        phases = {rhythm.frequency: around(Days(days), rhythm) for rhythm in RHYTHMS}
        return cls(first, sums, weekdays, phases, by_weekday)

    def without(self, days: Ints) -> "OtherActivity":
        """Less these days, which are to be judged, and at least a little everywhere."""
        return OtherActivity(self, days)

    def busy_days(self, first: int, last: int) -> int:
        """Days from the first to the last with any payment."""
        counts = np.diff(self.sums[first - self.first : last - self.first + 2])
        return int((counts > 0).sum())

    def between(self, since: Ints, until: Ints) -> Floats:
        """Payments of since <= day < until."""
        last = len(self.sums) - 1
        counted: Floats = (
            self.sums[np.clip(until - self.first, 0, last)]
            - self.sums[np.clip(since - self.first, 0, last)]
        )
        return counted


class OtherActivity:
    """The activity of all others; half of it as counted, half by weekday, since days are few
    (or less by weekday, as the activity has it)."""

    def __init__(self, activity: Activity, days: Ints) -> None:
        self._activity, self._days = activity, days
        weekdays = activity.weekdays - np.bincount(days % 7, minlength=7)
        span = len(activity.sums) - 1
        mean = (max(float(weekdays.sum()), 0.0) + 1) / span
        share = np.maximum(weekdays, 0) + SMOOTH
        share = 7 * mean * activity.by_weekday * (share / share.sum() + FLOOR / 7)
        self._week = float(share.sum())
        self._busy = _busy(activity, days, share)
        self._own: dict[str, Ints] = {}
        self._by_weekday = np.concatenate(([0.0], np.cumsum(share)))

    def between(self, since: Ints, until: Ints) -> Floats:
        """The activity of since <= day < until."""
        own = np.searchsorted(self._days, until) - np.searchsorted(self._days, since)
        others = self._activity.between(since, until) - own
        others[others < 0] = 0
        left: Floats = others + (self._expected(until) - self._expected(since))
        return left

    def cells(self, since: Ints, until: Ints) -> float:
        """D: the effective number of days on which anything happens in since <= day < until."""
        return self._busy * float(until[0] - since[0])

    def share(self, rhythm: Rhythm, start: int, width: int) -> float:
        """About how much of it lies in the windows of these phases."""
        before = self._around(rhythm)
        inside, total = before[start + width] - before[start], float(before[-1]) / 2
        even = (total + 1) / rhythm.cycle
        return float(inside + width * even) / (total + rhythm.cycle * even)

    def _around(self, rhythm: Rhythm) -> Ints:
        name = rhythm.frequency
        if name not in self._own:
            self._own[name] = self._activity.phases[name] - around(Days(self._days), rhythm)
        return self._own[name]

    def _expected(self, days: Ints) -> Floats:
        weeks = (days // 7).astype(np.float64)
        expected: Floats = weeks * self._week + self._by_weekday[days % 7]
        return expected


def _busy(activity: Activity, days: Ints, week: Floats) -> float:
    """The share of days, by Simpson's effective number, on which others than these are paid."""
    first, last = int(days[0]), int(days[-1])
    if last - first > CENTURY:
        return float(week.sum() ** 2 / (week**2).sum() / 7)
    counts = np.diff(activity.sums[first - activity.first : last - activity.first + 2])
    counts -= np.bincount(days - first)
    counts += week[np.arange(first, last + 1) % 7]
    return float(counts.sum() ** 2 / (counts**2).sum() / len(counts))


def around(days: Days, rhythm: Rhythm) -> Ints:
    """How many of the days lie before each phase of two cycles, so that windows may wrap."""
    counts = np.bincount(days.phases(rhythm), minlength=rhythm.cycle)
    before: Ints = np.concatenate(([0], np.cumsum(np.concatenate((counts, counts)))))
    return before
