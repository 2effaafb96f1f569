"""Decides whether a payment that settles bills is overdue: only if one of the bills is unpaid.

A series of payments that settle bills follows from the bills. If a run pays several of them, or if
there was nothing to pay, no payment is missing.

Several sources may record one bill or one payment. What settles, credits or pays one sighting does
so for all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.counterparties import Sides, joined, sides
from graph.enrich.columns.grouping import are
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.columns.records import money_moved
from graph.enrich.links.reversals import Reversals
from graph.enrich.links.settlements import Settled
from graph.enrich.links.sighting_pairs import Pairs
from graph.enrich.series.forecast import Course
from graph.models.choices import Records

SETTLING = 0.5  # least share of a series' payments that settle bills
REST = 0.01  # share of a bill that may stay unpaid
NEVER = 2**62  # later than any day
Key = tuple[int, str, bool]  # counterparty, currency, whether we owe it


@dataclass(frozen=True)
class Bills:
    """The bills that each payment settles, and the due days of the unpaid ones by counterparty.

    `seen` has one number for all sightings of a payment or bill. `settled_by` has the settled bills
    (row numbers) by the payment's number in `seen`.
    """

    payments: Payments
    seen: Ints
    settled_by: dict[int, list[int]]
    unpaid: dict[Key, list[int]]

    @classmethod
    def of(
        cls, payments: Payments, settled: Sequence[Settled], reversed_by: Reversals, same: Pairs
    ) -> "Bills":
        seen = joined(np.arange(len(payments)), same.one, same.other)
        settled_by: defaultdict[int, list[int]] = defaultdict(list)
        for one in settled:
            settled_by[int(seen[one.payment])].append(one.invoice)
        unpaid: defaultdict[Key, list[int]] = defaultdict(list)
        side, due = sides(payments), _due(payments, settled, seen)
        for bill in _unpaid(payments, settled, reversed_by, seen).tolist():
            unpaid[_key(payments, side, bill)].append(int(due[bill]))
        return cls(payments, seen, dict(settled_by), dict(unpaid))

    def settles(self, course: Course) -> bool:
        """Return whether most of the series' payments settle bills."""
        numbers = self.seen[course.series.places].tolist()
        return sum(number in self.settled_by for number in numbers) >= SETTLING * len(numbers)

    def is_unpaid(self, course: Course, day: int) -> bool:
        """Return whether a bill of the parties that the series pays was due by `day` and is
        unpaid."""
        return self._first_due(course) <= day

    def _first_due(self, course: Course) -> int:
        side = sides(self.payments)
        numbers = self.seen[course.series.places].tolist()
        bills = (bill for number in numbers for bill in self.settled_by.get(number, ()))
        keys = {_key(self.payments, side, bill) for bill in bills}
        return min((due for key in keys for due in self.unpaid.get(key, ())), default=NEVER)


def _key(payments: Payments, side: Sides, bill: int) -> Key:
    return int(side.party[bill]), str(payments.currency[bill]), bool(side.outgoing[bill])


def _due(payments: Payments, settled: Iterable[Settled], seen: Ints) -> Ints:
    """Return the due day of each row as a bill: the earliest one that a sighting of it states.

    If none states one, it is the row's day plus the usual number of days until a bill is paid.
    """
    stated = np.full(len(payments), NEVER)
    np.minimum.at(stated, seen, np.where(payments.due_day >= 0, payments.due_day, NEVER))
    days = [
        int(payments.day[one.payment] - payments.day[one.invoice])
        for one in settled
        if stated[seen[one.invoice]] == NEVER
    ]
    usual = int(np.median(days)) if days else 0
    return np.where(stated[seen] < NEVER, stated[seen], payments.day + usual)


def _unpaid(
    payments: Payments, settled: Iterable[Settled], reversed_by: Reversals, seen: Ints
) -> Ints:
    """Return the row numbers of the bills of which more than the share REST is neither paid nor
    credited."""
    rest = payments.amount - _taken(payments, settled, reversed_by, seen)[seen]
    is_open = _owed(payments) & (rest > REST * payments.amount)
    is_done = np.zeros(len(payments), dtype=bool)
    is_done[seen[reversed_by.reversal]] = True  # credit notes
    is_done[seen[money_moved(payments)]] = True  # a source states the bill, another its payment
    return np.flatnonzero(is_open & ~is_done[seen])


def _owed(payments: Payments) -> NDArray[np.bool_]:
    """Return one boolean per row: whether it is a bill or a credit note. Orders, claims and
    transfers are neither."""
    if payments.records is None:
        return np.zeros(len(payments), dtype=bool)
    return are(payments.records, Records.OBLIGATION.value)


def _taken(
    payments: Payments, settled: Iterable[Settled], reversed_by: Reversals, seen: Ints
) -> Ints:
    """Return how much of each bill is settled or credited, in 1/10,000 of the currency's unit, by
    its number in `seen`.

    Several sightings of a payment or a credit note count once.
    """
    amounts: defaultdict[tuple[int, int], int] = defaultdict(int)
    credits_ = zip(reversed_by.original.tolist(), reversed_by.reversal.tolist(), strict=True)
    for bill, by, amount in (
        *((one.invoice, one.payment, one.amount) for one in settled if not one.returned),
        *((bill, note, int(payments.amount[note])) for bill, note in credits_),
    ):
        pair = int(seen[bill]), int(seen[by])
        amounts[pair] = max(amounts[pair], amount)
    taken = np.zeros(len(payments), dtype=np.int64)
    for (number, _), amount in amounts.items():
        taken[number] += amount
    return taken
