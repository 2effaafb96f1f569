"""Sets of days to be fitted, one after the other in flat columns. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph.enrich.columns import ragged
from graph.enrich.series.activity import FAR, Floats, Others
from graph.enrich.series.periods import FREQUENCIES, Days, Ints

ROWS = 150_000  # days that are fitted at once: some hundred columns of them are held


@dataclass(frozen=True)
class FitRequest:
    """One set: distinct days in order, and the logarithm of what was paid on each.

    `group`: whose days they are, among the others (`activity.Others`); `price`: what the choice of
    this very set cost, in odds.
    """

    days: Ints
    amounts: Floats
    group: int
    price: float


@dataclass(frozen=True)
class Sets:
    """Many sets, none of them empty, and the others that they are judged against."""

    days: Days
    amounts: Floats
    begin: Ints
    group: Ints
    price: Floats
    others: Others

    @classmethod
    def of(cls, requests: Sequence[FitRequest], others: Others) -> "Sets":
        lengths = np.array([len(request.days) for request in requests], dtype=np.int64)
        return cls(
            Days(np.concatenate([request.days for request in requests])),
            np.concatenate([request.amounts for request in requests]),
            ragged.begins(lengths),
            np.array([request.group for request in requests], dtype=np.int64),
            np.array([request.price for request in requests], dtype=np.float64),
            others,
        )

    def __len__(self) -> int:
        return len(self.group)

    @cached_property
    def lengths(self) -> Ints:
        return np.diff(self.begin)

    @cached_property
    def first(self) -> Ints:
        return self.days.day[self.begin[:-1]]

    @cached_property
    def span(self) -> Ints:
        """Days from the first to the last."""
        return self.days.day[self.begin[1:] - 1] - self.first

    @cached_property
    def phases(self) -> Ints:
        """A row a frequency: the phase of each day."""
        return np.stack([self.days.phases(frequency) for frequency in FREQUENCIES])

    def within(self, sets: Ints, since: Ints, until: Ints) -> Ints:
        """How many days of these sets lie in since <= day < until."""
        keys = sets * FAR
        upto = np.searchsorted(self._keys, keys + until)
        return np.asarray(upto - np.searchsorted(self._keys, keys + since), dtype=np.int64)

    @cached_property
    def _keys(self) -> Ints:
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths) * FAR + self.days.day


def chunks(requests: Iterable[FitRequest]) -> Iterator[list[FitRequest]]:
    """Of a bounded number of days each."""
    some: list[FitRequest] = []
    rows = 0
    for request in requests:
        if some and rows + len(request.days) > ROWS:
            yield some
            some, rows = [], 0
        some.append(request)
        rows += len(request.days)
    if some:
        yield some
