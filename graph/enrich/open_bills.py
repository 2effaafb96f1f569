"""Decides whether a payment that settles bills is overdue: only if one of the bills is unpaid.

A series of payments that settle bills follows from the bills. If a run pays several of them, or if
there was nothing to pay, no payment is missing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from graph.enrich.columns.counterparties import Sides, sides
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.columns.records import money_moved
from graph.enrich.links.reversals import Reversals
from graph.enrich.links.settlements import Settled
from graph.enrich.series.forecast import Course

SETTLING = 0.5  # least share of a series' payments that settle bills
REST = 0.01  # share of a bill that may stay unpaid
Key = tuple[int, str, bool]  # counterparty, currency, whether we owe it


@dataclass(frozen=True)
class Bills:
    """The bills that each payment settles, and the due days of the unpaid ones by counterparty."""

    payments: Payments
    settled_by: dict[int, list[int]]
    unpaid: dict[Key, list[int]]

    @classmethod
    def of(cls, payments: Payments, settled: Sequence[Settled], reversed_by: Reversals) -> "Bills":
        settled_by: defaultdict[int, list[int]] = defaultdict(list)
        for one in settled:
            settled_by[one.payment].append(one.invoice)
        unpaid: defaultdict[Key, list[int]] = defaultdict(list)
        side, due = sides(payments), _due(payments, settled)
        for bill in _unpaid(payments, settled, reversed_by).tolist():
            unpaid[_key(payments, side, bill)].append(int(due[bill]))
        return cls(payments, dict(settled_by), dict(unpaid))

    def settles(self, course: Course) -> bool:
        """Return whether the series' payments settle bills."""
        places = course.series.places.tolist()
        return sum(place in self.settled_by for place in places) >= SETTLING * len(places)

    def is_unpaid(self, course: Course, day: int) -> bool:
        """Return whether a bill of the parties whose bills the series settles was due by that
        day."""
        return self._first_due(course) <= day

    def _first_due(self, course: Course) -> int:
        side = sides(self.payments)
        places = course.series.places.tolist()
        bills = (bill for place in places for bill in self.settled_by.get(place, ()))
        keys = {_key(self.payments, side, bill) for bill in bills}
        last = int(self.payments.day[places].max())
        return min((due for key in keys for due in self.unpaid.get(key, ())), default=last + 10**6)


def _key(payments: Payments, side: Sides, bill: int) -> Key:
    return int(side.party[bill]), str(payments.currency[bill]), bool(side.outgoing[bill])


def _due(payments: Payments, settled: Iterable[Settled]) -> Ints:
    """The due day of each bill. Without a stated one, the day on which bills are usually paid."""
    days = [
        int(payments.day[one.payment] - payments.day[one.invoice])
        for one in settled
        if payments.due_day[one.invoice] < 0
    ]
    usual = int(np.median(days)) if days else 0
    return np.where(payments.due_day >= 0, payments.due_day, payments.day + usual)


def _unpaid(payments: Payments, settled: Iterable[Settled], reversed_by: Reversals) -> Ints:
    """The places of the bills of which more than REST is unpaid and not credited."""
    rest = payments.amount.astype(np.float64)
    for one in settled:
        if not one.returned:
            rest[one.invoice] -= one.amount
    np.subtract.at(rest, reversed_by.original, payments.amount[reversed_by.reversal])
    is_open = ~money_moved(payments) & (rest > REST * payments.amount)
    is_open[reversed_by.reversal] = False
    return np.flatnonzero(is_open)
