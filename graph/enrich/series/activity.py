"""Measures how busy a source's books are on each day. The days of a series are compared with it.
Pure functions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import ragged
from graph.enrich.series.periods import FREQUENCIES, Days, Frequency, Ints

Floats = NDArray[np.float64]

SMOOTH = 2.0  # payments that each weekday is assumed to have in addition
CENTURY = 36_525  # days; in longer books single days do not matter
FLOOR = 0.02  # least activity on any day, as a share of the mean
FAR = 4_000_000  # days; more than there are between the years 1 and 9999


@dataclass(frozen=True)
class Activity:
    """The activity of one source's books: the number of payments by day and by weekday."""

    first: int
    sums: Floats  # the sums over the days before first + i
    weekdays: Floats  # payments by weekday, Thursday first (1970-01-01)
    phases: tuple[Ints, ...]  # by frequency: payments before each phase of two cycles
    by_weekday: float  # the weight of the weekdays compared with the days

    @classmethod
    def of(cls, days: Ints, *, in_runs: bool = False) -> "Activity":
        """Return the activity of payments on these days, one entry per payment.

        With `in_runs`, weekdays weigh less if many payments are on each day.
        """
        first = int(days.min())
        counts = np.bincount(days - first)
        sums = np.concatenate(([0.0], np.cumsum(counts, dtype=np.float64)))
        weekdays = np.bincount(days % 7, minlength=7).astype(np.float64)
        by_weekday = float((counts > 0).sum() / counts.sum()) if in_runs else 1.0
        one = np.zeros(len(days), dtype=np.int64)
        phases = tuple(around(Days(days), one, 1, frequency)[0] for frequency in FREQUENCIES)
        return cls(first, sums, weekdays, phases, by_weekday)

    @cached_property
    def digest(self) -> str:
        """Return a digest of all that a comparison with this activity depends on."""
        columns = (np.array([self.first]), self.sums, self.weekdays, np.array([self.by_weekday]))
        text = b"".join(column.tobytes() for column in columns)
        return hashlib.blake2b(text, digest_size=16).hexdigest()

    def busy_days(self, first: int, last: int) -> int:
        """Return the number of days with a payment, from `first` to `last`, both included."""
        counts = np.diff(self.sums[first - self.first : last - self.first + 2])
        return int((counts > 0).sum())


class Others:
    """For each of many groups of payments, the activity of all other payments around it.

    It is above zero everywhere: it is the mean of a count by day and one by weekday, because days
    are few (less by weekday, if the activity says so). `days` are each group's own days in order.
    `around` is the activity that contains the group.
    """

    def __init__(self, days: Sequence[Ints], around: Sequence[Activity]) -> None:
        activities = {id(activity): activity for activity in around}
        place = {name: at for at, name in enumerate(activities)}
        self._activities = list(activities.values())
        self._activity = np.array([place[id(activity)] for activity in around], dtype=np.int64)
        lengths = np.array([len(group_days) for group_days in days], dtype=np.int64)
        self._group = np.repeat(np.arange(len(days), dtype=np.int64), lengths)
        self._own = Days(np.concatenate([np.zeros(0, dtype=np.int64), *days]))
        self._keys = self._group * FAR + self._own.day
        self._share = self._by_weekday()
        self._week = self._share.sum(axis=1)
        self._before = np.cumsum(np.pad(self._share, ((0, 0), (1, 0))), axis=1)
        spans = zip(days, around, self._share, strict=True)
        self._busy = np.array([_busy(*span) for span in spans], dtype=np.float64)
        self._phases: dict[int, Ints] = {}

    def between(self, group: Ints, since: Ints, until: Ints) -> Floats:
        """Return, for each of these groups, the activity of the others in since <= day < until."""
        count = self._counted(group, until) - self._counted(group, since)
        keys = group * FAR
        own = np.searchsorted(self._keys, keys + until) - np.searchsorted(self._keys, keys + since)
        others = np.maximum(count - own, 0.0)
        expected = self._expected(group, until) - self._expected(group, since)
        return np.asarray(others + expected, dtype=np.float64)

    def cells(self, group: Ints, since: Ints, until: Ints) -> Floats:
        """Return, for each of these groups, the effective number D of days with payments in
        since <= day < until."""
        return np.asarray(self._busy[group] * (until - since), dtype=np.float64)

    def share(self, group: Ints, frequency: int, start: Ints, width: int) -> Floats:
        """Return, for each of these groups, about which share (0..1) of the activity is in a window
        of phases: `width` phases from `start`.

        `frequency` is a place in FREQUENCIES.
        """
        before, cycle = self._around(frequency), FREQUENCIES[frequency].cycle
        inside = before[group, start + width] - before[group, start]
        total = before[group, -1] / 2
        even = (total + 1) / cycle
        return np.asarray((inside + width * even) / (total + cycle * even), dtype=np.float64)

    @cached_property
    def _sums(self) -> tuple[Floats, Ints]:
        """Return the running sums of all activities in one array, and where each activity begins
        in it."""
        sums = [activity.sums for activity in self._activities]
        lengths = np.array([len(one) for one in sums], dtype=np.int64)
        return np.concatenate([np.zeros(0), *sums]), ragged.begins(lengths)

    @cached_property
    def _first(self) -> Ints:
        return np.array([activity.first for activity in self._activities], dtype=np.int64)

    def _counted(self, group: Ints, day: Ints) -> Floats:
        (sums, begin), of = self._sums, self._activity[group]
        last = begin[of + 1] - begin[of] - 1
        count: Floats = sums[begin[of] + np.clip(day - self._first[of], 0, last)]
        return count

    def _expected(self, group: Ints, day: Ints) -> Floats:
        return np.asarray((day // 7) * self._week[group] + self._before[group, day % 7])

    def _by_weekday(self) -> Floats:
        """Return one row per group: the other payments per day on each weekday, Thursday first."""
        of = [self._activities[at] for at in self._activity]
        every = np.array([activity.weekdays for activity in of]).reshape(-1, 7)
        spans = np.array([len(activity.sums) - 1 for activity in of], dtype=np.float64)
        counts = np.array([activity.by_weekday for activity in of], dtype=np.float64)
        own = np.bincount(self._group * 7 + self._own.day % 7, minlength=7 * len(of))
        weekdays = every - own.reshape(-1, 7)
        mean = (np.maximum(weekdays.sum(axis=1), 0) + 1) / spans
        share = np.maximum(weekdays, 0) + SMOOTH
        share = share / share.sum(axis=1, keepdims=True) + FLOOR / 7
        return np.asarray((7 * mean * counts)[:, None] * share)

    def _around(self, frequency: int) -> Ints:
        if frequency not in self._phases:
            every = np.array([activity.phases[frequency] for activity in self._activities])
            size = len(self._activity)
            own = around(self._own, self._group, size, FREQUENCIES[frequency])
            self._phases[frequency] = every[self._activity] - own
        return self._phases[frequency]


def _busy(days: Ints, activity: Activity, week: Floats) -> float:
    """Return the effective share (0..1) of days on which others than these are paid, by
    Simpson's effective number."""
    first, last = int(days[0]), int(days[-1])
    if last - first > CENTURY:
        return float(week.sum() ** 2 / (week**2).sum() / 7)
    counts = np.diff(activity.sums[first - activity.first : last - activity.first + 2])
    counts -= np.bincount(days - first)
    counts += week[np.arange(first, last + 1) % 7]
    return float(counts.sum() ** 2 / (counts**2).sum() / len(counts))


def around(days: Days, of: Ints, size: int, frequency: Frequency) -> Ints:
    """Return one row per list: how many of its days come before each phase of the frequency, over
    two cycles.

    `of` has the list (below `size`) of each day. The second cycle lets windows wrap around.
    """
    cycle = frequency.cycle
    counts = np.bincount(of * cycle + days.phases(frequency), minlength=size * cycle)
    twice = np.tile(counts.reshape(size, cycle), 2)
    before = np.zeros((size, 2 * cycle + 1), dtype=np.int64)
    np.cumsum(twice, axis=1, out=before[:, 1:])
    return before
