"""Sets of days to fit, one after the other in flat columns. Pure functions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from graph.enrich.columns import ragged
from graph.enrich.series.activity import FAR, Floats, Others
from graph.enrich.series.periods import FREQUENCIES, Days, Ints

ROWS = 150_000  # days that are fitted at once; there are some hundred columns of them


@dataclass(frozen=True)
class FitRequest:
    """One set of days to fit: distinct days in order, and the logarithm of the amount paid on each.

    `group` is the group to which the days belong (`activity.Others`). `price` is what the choice of
    this set cost, in log odds. `part` has the positions of its payments in the group.
    """

    days: Ints
    amounts: Floats
    group: int
    price: float
    part: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Sets:
    """Many sets of days in flat columns, none of them empty, and the other payments with which they
    are compared.

    Set i has the rows begin[i] to begin[i + 1]. The columns are those of FitRequest.
    """

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
        """Return the number of days from the first to the last day of each set."""
        return self.days.day[self.begin[1:] - 1] - self.first

    @cached_property
    def phases(self) -> Ints:
        """Return a matrix with the phase of each day, one row per frequency."""
        return np.stack([self.days.phases(frequency) for frequency in FREQUENCIES])

    def within(self, sets: Ints, since: Ints, until: Ints) -> Ints:
        """Return, for each of these sets, how many of its days are in since <= day < until."""
        keys = sets * FAR
        upto = np.searchsorted(self._keys, keys + until)
        return np.asarray(upto - np.searchsorted(self._keys, keys + since), dtype=np.int64)

    @cached_property
    def _keys(self) -> Ints:
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths) * FAR + self.days.day


def chunks(requests: Iterable[FitRequest]) -> Iterator[list[FitRequest]]:
    """Yield lists of requests with a bounded number of days each."""
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
