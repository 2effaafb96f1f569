"""Finds the series: payments that recur between the same two parties.

The functions are pure: columns in, plain values out. Payments are grouped by source, payer, payee
and currency. What two sources recorded is two series, and currencies are never compared. A group
may contain several series at the same time, such as rent and repairs. It is split by description
(without numbers and months), and by gaps between its amounts, from coarse to fine. Each part is
fitted to the grids of all frequencies (`grid_fit`). The split that explains more wins: a bill with
a varying amount is one series, two rents on the same day are two. The fineness of the gaps halves
each time, so the work is linear in the payments except for the sorting.

Groups are searched in parallel. Each yields the sets that it needs fitted, and all sets are fitted
at once.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import batched, chain, islice, pairwise
from math import exp, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.grouping import codes
from graph.enrich.columns.payments import Payments
from graph.enrich.columns.placeholders import is_placeholder
from graph.enrich.series import short_series
from graph.enrich.series.activities import Activities
from graph.enrich.series.activity import Floats, Others
from graph.enrich.series.candidate_grids import FEWEST_YEARLY, is_long_enough
from graph.enrich.series.day_sets import FitRequest
from graph.enrich.series.grid_fit import ALIKE, Fit, best
from graph.enrich.series.periods import Ints

SURE = 8.0  # log odds, 3,000 : 1; a tenant has hundreds of groups that could seem to recur
SUREST = 0.99  # largest probability that is stated for a series
GAPS = (1.0, 0.4, 0.15, 0.05, 0.012, 0.0)  # in log amounts; with the last only equal amounts
AT_ONCE = 2_000  # groups that are searched in parallel
RESIDUES = 3  # how often the rest after a fit is fitted again
LATER = 3  # days after an occurrence within which its repetition may come


@dataclass(frozen=True)
class Series:
    """Payments that recur.

    places      the payments' row numbers, in order, also of further payments of a slot
    slots       the slot of each payment; `main`: 1 for an occurrence, 0 for a further payment
    fit         the grid of agreed days, and the odds that they are a series
    ordinal     0; several series that begin with one external id have 0, 1, …
    """

    places: Ints
    slots: Ints
    main: Ints
    fit: Fit
    ordinal: int = 0

    @property
    def frequency(self) -> str:
        return self.fit.grid.frequency.name

    @property
    def is_probable(self) -> bool:
        """Return whether the series is so short that its days alone are no proof."""
        return self.fit.odds < SURE

    @property
    def score(self) -> float:
        """Return the probability that it is a series times the share of kept agreed days (0..1).

        A pause counts as one missed day, however long: a series that goes on as before after it is
        the same. The odds already contain how far the days are from the agreed ones. Short series
        keep all their days, so their score is the probability alone. docs/layers.md shows that
        scores are right as often as they say.
        """
        if self.is_probable:
            return short_series.chance(len(self.fit.hits))
        gaps = int((np.diff(self.fit.slots) > 1).sum())
        return SUREST * (1 - exp(-self.fit.odds)) * len(self.fit.hits) / (len(self.fit.hits) + gaps)


Found = list[Series]


@dataclass(frozen=True)
class Searched:
    """The result of the search of a group: its series, and the requests if none of them was
    answered by a fit, else None."""

    series: Found
    requests: list[FitRequest] | None


type Asking[Result] = Generator[list[FitRequest], list[Fit | None], Result]


def find(payments: Payments) -> Found:
    """Return the tenant's series in the order of their first payments."""
    every = search(payments, groups(payments), Activities(payments))
    return numbered(payments, chain.from_iterable(each.series for each in every))


def search(payments: Payments, among: Iterable[Ints], activities: Activities) -> Iterator[Searched]:
    """Yield the result for each of these groups of row numbers. The series' ordinals are 0."""
    columns = (payments.day, log_amounts(payments), activities.wording)
    for some in batched(among, AT_ONCE):
        searched = [
            _Group(columns, at, places, is_common=activities.is_common(int(places[0])))
            for at, places in enumerate(some)
        ]
        around = [activities.around(places) for places in some]
        others = Others([group.days for group in searched], around)
        requests: list[list[FitRequest] | None] = [[] for _ in searched]
        series = _answered(together([group.series() for group in searched]), others, requests)
        yield from map(Searched, series, requests)


def log_amounts(payments: Payments) -> Floats:
    """Return the logarithm of each payment's amount, as it is compared in series."""
    return np.log(np.maximum(payments.amount, 1).astype(np.float64))


def together[Result](askings: Sequence[Asking[Result]]) -> Asking[list[Result]]:
    """Run several generators as one. What they request in one round is requested at once.

    Each generator yields sets to be fitted and is sent their fits. Returns their results in order.
    """
    if len(askings) == 1:
        return [(yield from askings[0])]
    results: dict[int, Result] = {}
    requests: dict[int, list[FitRequest]] = {}

    def go_on(at: int, answers: list[Fit | None] | None) -> None:
        try:
            requests[at] = askings[at].send(answers) if answers is not None else next(askings[at])
        except StopIteration as done:
            requests.pop(at, None)
            results[at] = done.value

    for at in range(len(askings)):
        go_on(at, None)
    while requests:
        fits = iter((yield list(chain.from_iterable(requests.values()))))
        for at, those in list(requests.items()):
            go_on(at, list(islice(fits, len(those))))
    return [results[at] for at in range(len(askings))]


def _answered[Result](
    asking: Asking[Result], others: Others, unanswered: list[list[FitRequest] | None]
) -> Result:
    """Return the result of the generator, after fitting all the sets that it requests.

    `unanswered` has a list for each group. The group's requests are added to it, or it becomes None
    when one of them is answered by a fit.
    """
    fits: list[Fit | None] | None = None
    while True:
        try:
            requests = next(asking) if fits is None else asking.send(fits)
        except StopIteration as done:
            result: Result = done.value
            return result
        fits = best(requests, others, SURE)
        for request, fit in zip(requests, fits, strict=True):
            of = unanswered[request.group]
            if fit is not None:
                unanswered[request.group] = None
            elif of is not None:
                of.append(request)


def groups(payments: Payments) -> Iterator[Ints]:
    """Yield the row numbers of each group of payments that could contain a series: those between
    the same two parties, in one source and currency.

    Payments of zero and of placeholder names ('REDACTED') are left out.
    """
    if not len(payments):
        return
    keys = [codes(payments.source), payments.payer, payments.payee, codes(payments.currency)]
    some = np.flatnonzero((payments.amount > 0) & (payments.payer >= 0) & (payments.payee >= 0))
    nobody = np.array([is_placeholder(name) for name in payments.entities.name], dtype=bool)
    some = some[~nobody[payments.payer[some]] & ~nobody[payments.payee[some]]]
    order = some[np.lexsort([some, *(key[some] for key in reversed(keys))])]
    new = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        new |= np.diff(key[order]) != 0
    for places in np.split(order, np.flatnonzero(new) + 1):
        if len(places) >= FEWEST_YEARLY or _are_a_year_apart(payments.day[places]):
            yield places


def _are_a_year_apart(days: Ints) -> bool:
    return len(days) == 2 and bool(abs(np.ptp(days) - short_series.YEAR) <= short_series.ABOUT)


def numbered(payments: Payments, series: Iterable[Series]) -> Found:
    """Return the series in the order of their first payments, with ordinals for those that begin
    with the same external id."""
    ordinals: dict[tuple[str, str], int] = defaultdict(int)
    result = []
    for one in sorted(series, key=lambda one: int(one.places[0])):
        first = one.places[0]
        key = (payments.source[first], payments.external_id[first])
        result.append(replace(one, ordinal=ordinals[key]))
        ordinals[key] += 1
    return result


@dataclass(frozen=True)
class _ByAmount:
    """A part of a group, ordered by amount: `order` has its row numbers.

    `cuts` has, for each gap in GAPS, the positions in `order` where the amount grows by more than
    that.
    """

    order: Ints
    cuts: Sequence[list[int]]

    @classmethod
    def of(cls, part: Ints, amounts: Floats) -> "_ByAmount":
        order = part[np.argsort(amounts[part], kind="stable")]
        steps = np.diff(amounts[order])
        return cls(order, [(np.flatnonzero(steps > gap) + 1).tolist() for gap in GAPS])

    def split(self, low: int, high: int, level: int) -> tuple[int, list[tuple[int, int]]]:
        """Find the first gap in GAPS, from position `level` on, that splits the positions low …
        high - 1. Return (that position + 1, the pieces with enough payments as (begin, end)).

        Returns (the number of GAPS, no pieces) if none does.
        """
        for at in range(level, len(GAPS)):
            cuts = self.cuts[at]
            inside = cuts[bisect_right(cuts, low) : bisect_left(cuts, high)]
            if inside:
                pieces = pairwise([low, *inside, high])
                return at + 1, [(a, b) for a, b in pieces if b - a >= FEWEST_YEARLY]
        return len(GAPS), []


def by_day(day: Ints, places: Ints) -> Ints:
    """Return the group's row numbers in the order of days. Positions in a group refer to it."""
    return places[np.argsort(day[places], kind="stable")]


class _Group:
    """The payments between two parties, sorted by day. It is the group `at` of those searched in
    parallel.

    `columns` has the days, log amounts and wordings of all payments, `places` the group's row
    numbers. `is_common` says that many parties have the wording.
    """

    def __init__(
        self, columns: Sequence[NDArray[Any]], at: int, places: Ints, *, is_common: bool
    ) -> None:
        self.at, self.is_common = at, is_common
        self.places = by_day(columns[0], places)
        self.days, self.amounts, self.wording = (column[self.places] for column in columns)

    def series(self) -> Asking[Found]:
        """Return the series of the split of the group that explains most, and the short series
        in the rest."""
        ways = [self._by_amount(np.arange(len(self.places)), 1)]
        kinds, counts = np.unique(self.wording, return_counts=True)
        if len(kinds) > 1:
            parts = [np.flatnonzero(self.wording == kind) for kind in kinds[counts > 2]]
            parts.sort(key=lambda part: int(part[0]))  # codes depend on other groups' rows
            ways.append(_all_series(self._by_amount(part, len(parts)) for part in parts))
        likeliest = max((yield from together(ways)), key=_worth)
        return [self._placed(one) for one in (*likeliest, *self._short(likeliest))]

    def _short(self, long: Found) -> Iterator[Series]:
        """Yield the short series among the payments that are in none of the series `long`."""
        places_taken = np.concatenate([np.zeros(0, dtype=np.int64), *(one.places for one in long)])
        free = np.setdiff1d(np.arange(len(self.places)), places_taken, assume_unique=True)
        group = short_series.Group(
            self.days[free], self.amounts[free], self.wording[free], self.is_common
        )
        for places, fit in short_series.find(group):
            main = np.ones(len(places), dtype=np.int64)
            yield Series(free[places], fit.slots, main, fit)

    def _placed(self, one: Series) -> Series:
        return Series(self.places[one.places], one.slots, one.main, one.fit)

    def _by_amount(self, part: Ints, among: int) -> Asking[Found]:
        """Return the series in a part of the group, which is split by amount if that explains more.

        `among` is the number of parts to choose from, which has a price in log odds.
        """
        return self._split(_ByAmount.of(part, self.amounts), 0, len(part), 0, among)

    def _split(self, by: _ByAmount, low: int, high: int, level: int, among: int) -> Asking[Found]:
        """Return the series in the positions low … high - 1 of the part: as a whole, or in the
        pieces between gaps, whichever explains more. The pieces are split further."""
        part = np.sort(by.order[low:high])
        if not is_long_enough(len(part), int(self.days[part[-1]] - self.days[part[0]])):
            return []
        price = log(2 + 2 * level) + log(among)
        level, pieces = by.split(low, high, level)
        if not pieces:
            return (yield from self._peeled(part, price))
        finer = _all_series(self._split(by, *piece, level, len(pieces)) for piece in pieces)
        whole, split = yield from together([self._peeled(part, price), finer])
        if split:
            places_taken = np.concatenate([one.places for one in split])
            rest = np.setdiff1d(part, places_taken, assume_unique=True)
            split = [*split, *(yield from self._peeled(rest, price))]
        return max(whole, split, key=_worth)

    def _peeled(self, part: Ints, price: float) -> Asking[Found]:
        """Return the series in the part, found one after the other in what the ones before left,
        as long as one is certain enough."""
        series: Found = []
        while len(part) >= FEWEST_YEARLY and len(series) < RESIDUES:
            one = yield from self._one(part, price)
            if one is None:
                break
            series.append(one)
            part = np.setdiff1d(part, one.places, assume_unique=True)
        return series

    def _one(self, part: Ints, price: float) -> Asking[Series | None]:
        days, day_of = _distinct(self.days[part])
        if not is_long_enough(len(days), int(days[-1] - days[0])):
            return None
        means = np.bincount(day_of, self.amounts[part]) / np.bincount(day_of)
        (fit,) = yield [FitRequest(days, means, self.at, price, part)]
        return None if fit is None else self._with_extras(part, days, day_of, fit)

    def _with_extras(self, part: Ints, days: Ints, day_of: Ints, fit: Fit) -> Series:
        """Return the series of a fit with further payments of its slots: those of about the same
        amount within LATER days after an occurrence."""
        slot_of = np.full(len(days), -1)
        slot_of[fit.hits] = np.arange(len(fit.hits))
        main = slot_of[day_of] >= 0
        nearest = np.clip(np.searchsorted(days[fit.hits], days, side="right") - 1, 0, None)
        lag = days - days[fit.hits][nearest]
        usual = self.amounts[part[main]]
        low, high = usual.min() - ALIKE, usual.max() + ALIKE
        alike = (self.amounts[part] >= low) & (self.amounts[part] <= high)
        extra = ~main & alike & (lag[day_of] > 0) & (lag[day_of] <= LATER)
        is_part = main | extra
        at = np.where(main, slot_of[day_of], nearest[day_of])[is_part]
        return Series(part[is_part], fit.slots[at], main[is_part].astype(np.int64), fit)


def _distinct(days: Ints) -> tuple[Ints, Ints]:
    """Return the distinct days in order, and for each day the position of its distinct one.
    `days` are in order."""
    new = np.ones(len(days), dtype=bool)
    np.not_equal(days[1:], days[:-1], out=new[1:])
    return days[new], np.cumsum(new) - 1


def _worth(series: Found) -> float:
    return sum(one.fit.odds for one in series)


def _all_series(askings: Iterable[Asking[Found]]) -> Asking[Found]:
    """Return the series of all generators in one list. They run together (`together`)."""
    return list(chain.from_iterable((yield from together(list(askings)))))
