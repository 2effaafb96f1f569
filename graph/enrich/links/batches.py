"""Finds payments that each pay for all rows since the payment before, such as expense claims or a
card's month.

No row names the payment, and none has a due day. But the rows are in order, and each payment pays
for the rows since the payment before: consecutive days whose sum is exactly the payment's amount.
If several payments to one party each begin where the one before ended, that is no coincidence.

The rows may be the party's own (claims are paid to the claimant), those of one of the tenant's own
parties (a card's month), or all rows of a source (the whole statement). Only whole days count, and
refunds are subtracted. The sums of all runs of days are computed and looked up, so the work is
linear in the payments except for the sorting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import ragged
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes, groups, unlike
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.links.batch_chains import chained
from graph.enrich.links.sighting_pairs import Pairs

LATE = 45  # days from the last row of a batch to its payment
LONG = 70  # days with rows in one batch
CLOSEST = 12  # runs that are compared per payment
DAYS, FAR = 10_000_000, 9 * 10**11  # a day is less; a sum of more is told apart later
REMAINDERS = 1_048_573  # a prime; sums whose remainder no amount has are left out
CHANCE = 0.05  # most payments that find a run by chance, if a single batch is to be believed
FEWEST = 3  # batches in a chain, each for several rows and of an amount of its own


@dataclass(frozen=True, slots=True)
class Batch:
    """A payment and the rows that it pays for, as row numbers.

    `linked` says that the batch begins where the one before ended, or ends where the next one
    begins.
    """

    payment: int
    rows: Ints
    linked: bool


@dataclass(frozen=True, slots=True)
class _Runs:
    """Runs of consecutive days of some rows: run i has the days numbered first[i] up to, but not
    including, last[i].

    `key` contains a run's sum and its last day in one number, by which the runs are ordered.
    `bounds` has the position in `rows` where each day begins, and the end. Of all `count` runs,
    nearly all those whose sum no payment has are left out.
    """

    count: int
    rows: Ints
    bounds: Ints
    key: Ints
    first: Ints
    last: Ints

    def spans(self, payments: Payments, paying: Ints) -> tuple[Ints, Ints]:
        """Return (begins, ends): for each payment in `paying`, the range of runs that it could pay,
        because sum and day fit."""
        low, high = _from_and_up_to(payments, paying)
        return np.searchsorted(self.key, low), np.searchsorted(self.key, high)

    def may_be_paid(self, low: Ints, high: Ints) -> NDArray[np.bool_]:
        """Return one boolean per payment: whether there is a run with low[i] <= key < high[i].

        Both `low` and `high` are in order.
        """
        if len(self.key) >= len(low):
            at = np.searchsorted(self.key, low)
            return np.asarray(np.append(self.key, np.iinfo(np.int64).max)[at] < high)
        begin, end = (
            np.bincount(np.searchsorted(keys, self.key, side="right"), minlength=len(low) + 1)
            for keys in (high, low)
        )
        return np.asarray(np.cumsum(begin - end)[:-1] > 0)

    def within(self, first: int, last: int) -> Ints:
        """Return the rows of the days from `first` up to, but not including, `last`."""
        return self.rows[self.bounds[first] : self.bounds[last]]


def _from_and_up_to(payments: Payments, paying: Ints) -> tuple[Ints, Ints]:
    """Return, for each payment, the least key of a run that it could pay, and the first key that is
    too large."""
    amount, day = payments.amount[paying], payments.day[paying]
    return _keyed(amount, day - LATE), _keyed(amount, day + 1)


def _keyed(total: Ints, day: Ints) -> Ints:
    return np.asarray(np.minimum(total, FAR) * DAYS + np.clip(day, -DAYS // 2, DAYS // 2 - 1))


def find(payments: Payments, same: Pairs, party: Ints) -> list[Batch]:
    """Return the batches in the order of payments, at most one per payment.

    `party` has the party of each row, in which similar parties have one number. `same` are the
    pairs of sightings: if the payment's source also records the rows one by one, they are no batch.
    """
    books = _Books(payments, same, party)
    by_payment: dict[int, Batch] = {}
    _add(books, by_payment, _to_themselves(books))
    _add(books, by_payment, _to_others(books))
    _add(books, by_payment, _in_other_currencies(books, list(by_payment.values())))
    return [by_payment[payment] for payment in sorted(by_payment)]


def _add(books: "_Books", by_payment: dict[int, Batch], batches: Iterator[Batch]) -> None:
    """Add the batches whose payment and rows are in none yet."""
    for batch in list(batches):
        if batch.payment not in by_payment and not books.taken[batch.rows].any():
            by_payment[batch.payment] = batch
            books.taken[batch.rows] = True


class _Books:
    """The rows that may be paid for in batches, by group, and the payments that may pay for
    them."""

    def __init__(self, payments: Payments, same: Pairs, party: Ints) -> None:
        side = sides(payments)
        self.payments, self.party, self.own = payments, party, side.own
        self.outgoing = side.outgoing
        self.signed = np.where(side.outgoing, payments.amount, -payments.amount)
        self.source, self.currency = codes(payments.source), codes(payments.currency)
        self.where = codes(self.source, payments.currency)
        self.usable = np.flatnonzero((payments.amount > 0) & (payments.due_day <= payments.day))
        self._remainders: dict[int, NDArray[np.bool_]] = {}
        self.taken = np.zeros(len(payments), dtype=bool)
        self.twins: dict[int, list[int]] = {}
        for one, other in zip(same.one.tolist(), same.other.tolist(), strict=True):
            self.twins.setdefault(one, []).append(other)
            self.twins.setdefault(other, []).append(one)
        self.is_twin = np.zeros(len(payments), dtype=bool)
        self.is_twin[list(self.twins)] = True

    @cached_property
    def paying(self) -> list[Ints]:
        """Return groups of payments: one per party, source, currency and direction."""
        return groups(codes(self.where, self.party, self.outgoing), self.usable, least=1)

    def meet(self, rows: Ints, paying: Ints) -> bool:
        """Return whether the payments are from another source than the rows, and in the same
        currency."""
        one, other = int(rows[0]), int(paying[0])
        alike = self.currency[one] == self.currency[other]
        return bool(self.source[one] != self.source[other] and alike)

    def runs(self, rows: Ints, source: int, paid_rows: set[int]) -> _Runs:
        """Return the runs of days of these rows that payments of `source` could pay.

        Rows that are already in a batch are left out. So are rows that the paying source itself
        records in rows other than `paid_rows`.
        """
        twins, where = self.twins, self.source
        free = ~self.taken[rows]
        for at in np.flatnonzero(self.is_twin[rows]).tolist():
            payments_of_row = (twin for twin in twins[int(rows[at])] if where[twin] == source)
            free[at] &= all(twin in paid_rows for twin in payments_of_row)
        rows = rows[free]
        days, begins = np.unique(self.payments.day[rows], return_index=True)
        bounds = np.append(begins, len(rows))
        sums = np.concatenate([[0], np.cumsum(self.signed[rows])])[bounds]
        ends = np.arange(len(days))[:, None] + np.arange(1, min(LONG, len(days)) + 1)
        fits = ends <= len(days)
        last = ends[fits]
        first = np.broadcast_to(np.arange(len(days))[:, None], ends.shape)[fits]
        total, count = np.abs(sums[last] - sums[first]), len(last)
        paid = np.flatnonzero(self._is_paid_by(source)[np.minimum(total, FAR) % REMAINDERS])
        first, last = first[paid], last[paid]
        key = _keyed(total[paid], days[last - 1])
        order = np.argsort(key, kind="stable")  # of equal keys the earlier first day
        return _Runs(count, rows, bounds, key[order], first[order], last[order])

    def _is_paid_by(self, source: int) -> NDArray[np.bool_]:
        """Return one boolean per remainder below REMAINDERS: whether any amount of the source has
        it.

        A sum with another remainder cannot equal an amount of the source.
        """
        if source not in self._remainders:
            amounts = self.payments.amount[self.usable[self.source[self.usable] == source]]
            self._remainders[source] = np.zeros(REMAINDERS, dtype=bool)
            self._remainders[source][np.minimum(amounts, FAR) % REMAINDERS] = True
        return self._remainders[source]


def _to_themselves(books: _Books) -> Iterator[Batch]:
    """Yield batches in which a party is paid for its own rows in another source.

    They need several such payments, or one run of several rows that alone fits.
    """
    of_party: dict[int, list[Ints]] = {}
    for rows in groups(codes(books.where, books.party), books.usable):
        of_party.setdefault(int(books.party[rows[0]]), []).append(rows)
    for paying in books.paying:
        for rows in of_party.get(int(books.party[paying[0]]), ()):
            if books.meet(rows, paying):
                paid_rows = set(paying.tolist())
                runs = books.runs(rows, int(books.source[paying[0]]), paid_rows)
                yield from _batches_of(books, runs, paying, own=True)


def _to_others(books: _Books) -> Iterator[Batch]:
    """Yield batches in which a party is paid for the rows of one of the tenant's own parties, or
    for a whole source."""
    several = _Several.of(books, [some for some in books.paying if len(some) >= FEWEST])
    of_own = groups(codes(books.where, books.own), books.usable, least=2 * FEWEST)
    meeting: dict[tuple[int, int], list[tuple[int, _Several]]] = {}
    for rows in (*of_own, *groups(books.where, books.usable, least=2 * FEWEST)):
        where = int(books.source[rows[0]]), int(books.currency[rows[0]])
        if where not in meeting:
            meeting[where] = list(several.by_source(*where))
        for source, those in meeting[where]:
            runs = books.runs(rows, source, set())
            for paying in _groups_worth_trying(books, runs, those):
                yield from _batches_of(books, runs, paying, own=False)


def _in_other_currencies(books: _Books, batches: Sequence[Batch]) -> Iterator[Batch]:
    """Yield batches of parties that are paid for rows of the same source in another currency.

    That a party collects for the source is then known, so that the payments may all be of one
    amount: a card pays nothing but subscriptions in that currency.
    """
    collecting = {
        (int(books.party[batch.payment]), *(int(books.source[row]) for row in ends))
        for batch in batches
        if batch.linked and books.party[batch.rows[0]] != books.party[batch.payment]
        for ends in [(batch.payment, batch.rows[0])]
    }
    if not collecting:
        return
    sources = groups(books.where, books.usable, least=2 * FEWEST)
    for paying in books.paying:
        for rows in sources if len(paying) >= FEWEST else ():
            ends = (int(books.source[row]) for row in (paying[0], rows[0]))
            if (int(books.party[paying[0]]), *ends) in collecting and books.meet(rows, paying):
                runs = books.runs(rows, int(books.source[paying[0]]), set())
                yield from _batches_of(books, runs, paying, own=False, known=True)


@dataclass(frozen=True)
class _Several:
    """Several groups of payments in one column: group i has the rows begin[i] to begin[i + 1].

    `source` and `currency` are those of each group.
    """

    payments: Payments
    rows: Ints
    begin: Ints
    source: Ints
    currency: Ints

    @classmethod
    def of(cls, books: _Books, several: list[Ints]) -> "_Several":
        first = np.array([some[0] for some in several], dtype=np.int64)
        lengths = np.array([len(some) for some in several], dtype=np.int64)
        rows = np.concatenate([np.zeros(0, dtype=np.int64), *several])
        ends = books.source[first], books.currency[first]
        return cls(books.payments, rows, ragged.begins(lengths), *ends)

    def by_source(self, source: int, currency: int) -> Iterator[tuple[int, "_Several"]]:
        """Yield (source, groups) for each other source than `source` that has groups in the
        currency."""
        elsewhere = (self.source != source) & (self.currency == currency)
        for other in np.unique(self.source[elsewhere]).tolist():
            yield other, self.only(elsewhere & (self.source == other))

    def only(self, mask: NDArray[np.bool_]) -> "_Several":
        lists = np.flatnonzero(mask)
        rows, _ = ragged.taken(self.begin, lists)
        lengths = np.diff(self.begin)[lists]
        ends = self.source[lists], self.currency[lists]
        return _Several(self.payments, self.rows[rows], ragged.begins(lengths), *ends)

    @cached_property
    def group(self) -> Ints:
        """Return the group of each row."""
        return np.repeat(np.arange(len(self.source), dtype=np.int64), np.diff(self.begin))

    @cached_property
    def order(self) -> Ints:
        """Return the positions of the rows, ordered by amount and day, as runs are: the search is
        then faster."""
        key = _keyed(self.payments.amount[self.rows], self.payments.day[self.rows])
        return np.argsort(key, kind="stable")

    @cached_property
    def keys(self) -> tuple[Ints, Ints]:
        """Return, for each row in `order`, the least key of a run that it could pay, and the first
        key that is too large."""
        return _from_and_up_to(self.payments, self.rows[self.order])


def _groups_worth_trying(books: _Books, runs: _Runs, several: _Several) -> Iterator[Ints]:
    """Yield the payments of each group in which enough payments of different amounts could pay one
    of the runs."""
    places = np.sort(several.order[runs.may_be_paid(*several.keys)])
    of, rows = several.group[places], several.rows[places]
    for group in np.flatnonzero(unlike(of, books.payments.amount[rows]) >= FEWEST):
        yield rows[of == group]


def _batches_of(
    books: _Books, runs: _Runs, paying: Ints, *, own: bool, known: bool = False
) -> Iterator[Batch]:
    """Yield the batches of these runs that the payments `paying` pay, if there is enough evidence
    that they do.

    `own` says that the rows are the paid party's own, which needs less evidence. `known` says that
    the party is paid for rows of the source: then most payments must have a linked batch.
    """
    lows, highs = runs.spans(books.payments, paying)
    if not (lows < highs).any():
        return
    choices = [
        [
            (int(runs.first[at]), int(runs.last[at]))
            for at in range(high - 1, max(low, high - CLOSEST) - 1, -1)
            if _is_of(books, payment, runs.within(runs.first[at], runs.last[at]))
        ]
        for payment, low, high in zip(paying.tolist(), lows.tolist(), highs.tolist(), strict=True)
    ]
    batches = [
        Batch(int(paying[at]), runs.within(*run), linked)
        for at, run, linked in chained(choices, len(runs.bounds))
    ]
    if known:
        linked = [batch for batch in batches if batch.linked]
        if len(linked) >= max(FEWEST, len(paying) / 2):
            yield from linked
    elif _is_habit(books, batches, 0.0 if own else _links_by_chance(choices, len(runs.bounds))):
        yield from (batch for batch in batches if batch.linked)
    elif own and _found_by_chance(books, runs, paying) < CHANCE:
        sole = {
            payment
            for payment, some in zip(paying.tolist(), choices, strict=True)
            if len(some) == 1
        }
        yield from (batch for batch in batches if len(batch.rows) > 1 and batch.payment in sole)


def _is_of(books: _Books, payment: int, rows: Ints) -> bool:
    """Return whether the rows add up to the payment, with signs.

    If the rows' source also records the payment in rows of its own, `rows` must be exactly these.
    """
    where = books.source[rows[0]]
    twins = [twin for twin in books.twins.get(payment, ()) if books.source[twin] == where]
    adds_up = books.signed[rows].sum() == books.signed[payment]
    return bool(adds_up) and (not twins or twins == rows.tolist())


def _links_by_chance(choices: list[list[tuple[int, int]]], bounds: int) -> float:
    """Return how many runs would begin where another one ends if the runs began on random days."""
    count = sum(map(len, choices))
    return count * (count - 1) / 2 / bounds


def _found_by_chance(books: _Books, runs: _Runs, paying: Ints) -> float:
    """Return how many payments would find a run with their sum if sums were random multiples of the
    amounts' common divisor, up to the largest sum."""
    day, amounts = books.payments.day[runs.rows], books.payments.amount[runs.rows]
    span = max(int(day[-1] - day[0]), LATE) if len(day) else LATE
    step, most = int(np.gcd.reduce(amounts)), int(amounts.sum())
    return len(paying) * runs.count * LATE / span * step / max(most, 1)


def _is_habit(books: _Books, batches: list[Batch], by_chance: float) -> bool:
    """Return whether enough linked batches have several rows and different amounts: more than
    `by_chance` explains."""
    telling = [batch.payment for batch in batches if batch.linked and len(batch.rows) > 1]
    unlike = len(set(books.payments.amount[telling].tolist()))
    return unlike >= FEWEST * (1 + by_chance)
