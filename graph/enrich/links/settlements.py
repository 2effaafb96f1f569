"""Finds which payment settled which invoice: wholly, in part, or many invoices at once.

An invoice is a row that is due later than it is dated, or whose number a later payment of another
source names. Payments are allocated in the order of their days, within one party, currency and
direction, to the open amounts of its invoices (less credit notes). Payments that name invoices come
first: they go to these, and to others with which they add up. The remaining payments go to an
invoice of exactly their amount, to consecutive invoices that add up to it, to a few that add up to
it (a bounded subset search among those due about then, the nearest first), or to one that this and
a later payment settle together. The payments that name their invoices show how late invoices are
usually paid. `reason` says how each settlement was found. What a payment pays without any due day
or number, `batches` finds before.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import combinations, islice
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers
from graph.enrich.columns.counterparties import joined, sides
from graph.enrich.columns.grouping import are, codes, groups
from graph.enrich.columns.name_similarity import likeness
from graph.enrich.columns.payments import UNIT, Ints, Payments
from graph.enrich.links import batches, references, reversals
from graph.enrich.links.batches import Batch
from graph.enrich.links.fees import Fees
from graph.enrich.links.reversals import Reversals
from graph.enrich.links.sighting_pairs import Pairs
from graph.enrich.write.counts import Counts
from graph.enrich.write.write_links import Link, write

METHOD = "settlement"
EARLY = 7  # days that a payment may come before its invoice
OLDEST = 400  # days that an invoice may be open
WATCHED = 60  # open invoices of a party that are compared with a payment
TELLING = 5  # payments that name their invoices; fewer show no habit
ABOUT = 45  # days from the due day within which a payment without a number may belong to an invoice
TOGETHER = 15  # days between the due days of invoices that one payment without a number pays
SOUGHT, PARTS = 12, 6  # invoices whose sums are tried, and the most invoices in a sum
MONTH = 35  # the same if the payment names one of them: a month's invoices
ROW = 45  # days between the due days of consecutive invoices that one payment pays
REST = 45  # days until the second part of a payment comes
CONFIDENCE = {
    "named": 0.99,
    "named in part": 0.96,
    "named among others": 0.96,
    "named, of another amount": 0.8,
    "a batch": 0.97,
    "its amount": 0.93,
    "a row": 0.92,
    "a sum": 0.88,
    "a part": 0.7,
    "a batch by itself": 0.8,
}


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement of an invoice by a payment, as row numbers, with the amount in 1/10,000 of the
    currency's unit and the evidence (`how`). `returned`: the payment came back, so that the invoice
    is open again."""

    invoice: int
    payment: int
    amount: int
    how: str
    returned: bool = False


def enrich(user_id: UUID, payments: Payments, settlements: list[Settled] | None = None) -> Counts:
    """Write the tenant's settles links, and return the numbers of changed links. `settlements` are
    computed if they are not passed."""
    settled = (
        settlements
        if settlements is not None
        else find(payments, *reversals.known(user_id, payments))
    )
    return write(user_id, METHOD, links(payments, settled))


def links(payments: Payments, settled: Iterable[Settled]) -> Iterator[Link]:
    """Yield links from the invoice's payee posting to the payment's."""
    for settlement in settled:
        invoice, payment = settlement.invoice, settlement.payment
        reason = (
            f"row {payments.external_id[payment]} of {payments.source[payment]} pays "
            f"{settlement.amount / UNIT:,.2f} of the {payments.amount[invoice] / UNIT:,.2f} "
            f"{payments.currency[invoice]} of {payments.document[invoice] or 'row'} "
            f"{payments.external_id[invoice]}, {payments.day[payment] - payments.day[invoice]} "
            f"days after it; known by: {settlement.how}"
        )
        ends = (payments.payee_event[invoice], payments.payee_event[payment])
        allocated = Decimal(0 if settlement.returned else settlement.amount) / UNIT
        yield Link(*ends, "settles", CONFIDENCE[settlement.how], reason, allocated)


def find(payments: Payments, same: Pairs, charges: Fees, reversed_by: Reversals) -> list[Settled]:
    """Return the settlements of the payments' invoices, in the order of payments.

    `same`, `charges` and `reversed_by` are the results of the detectors of sightings, charges and
    reversals.
    """
    party = _parties(payments, same)
    left, found = payments.apart.left, batches.find(payments, same, party)
    parts = (replace(one, rows=left("settles", one.rows, one.payment)) for one in found)
    at_once = [batch for batch in parts if len(batch.rows)]
    books = _Books(payments, same, charges, reversed_by)
    books.settled(at_once)
    group = codes(payments.currency, sides(payments).outgoing, party)
    settlements = [settlement for batch in at_once for settlement in _of_batch(payments, batch)]
    for rows in groups(group, np.flatnonzero(books.takes_part)):
        if books.is_invoice[rows].any() and not books.is_invoice[rows].all():
            settlements += _of_party(books, rows)
    ordered = sorted(settlements, key=lambda settlement: (settlement.payment, settlement.invoice))
    return [
        one for one in ordered if (one.invoice, one.payment) not in payments.apart.of("settles")
    ]


def _of_batch(payments: Payments, batch: Batch) -> Iterator[Settled]:
    """Yield a settlement for each row of the batch that goes in the payment's direction. The other
    rows are refunds, which only reduced the payment."""
    outgoing = sides(payments).outgoing
    how = "a batch" if batch.linked else "a batch by itself"
    for row in batch.rows.tolist():
        if outgoing[row] == outgoing[batch.payment]:
            yield Settled(row, batch.payment, int(payments.amount[row]), how)


def _parties(payments: Payments, same: Pairs) -> Ints:
    """Return a party number for each row.

    Two parties with similar names get one number if rows of theirs name one document or record one
    payment (`same`).
    """
    party, pairs = sides(payments).party, references.find(payments)
    one = np.concatenate(
        [np.array([reference.one for reference in pairs], dtype=np.int64), same.one]
    )
    other = np.concatenate(
        [np.array([reference.other for reference in pairs], dtype=np.int64), same.other]
    )
    alike = likeness(payments.entities).of(party[one], party[other]) >= references.ALIKE
    return joined(party, one[alike], other[alike])


class _Books:
    """What the allocation of payments to invoices needs to know about every row."""

    def __init__(
        self, payments: Payments, same: Pairs, charges: Fees, reversed_by: Reversals
    ) -> None:
        self.payments = payments
        self.number = numbers.of_documents(payments)
        self.named = numbers.named(payments)
        self.is_invoice = (payments.due_day > payments.day) | self._named_elsewhere(same)
        self.due = np.where(payments.due_day >= 0, payments.due_day, payments.day + 30)
        self.owed = payments.amount.copy()
        for credit, first in zip(reversed_by.reversal, reversed_by.original, strict=True):
            if self.is_invoice[first]:
                self.owed[first] -= payments.amount[credit]
        self.returned = set(reversed_by.original[reversed_by.whole].tolist())
        self.expected = self.due + self._usual_lateness()
        self.takes_part = payments.amount > 0
        self.takes_part[reversed_by.reversal] = False
        self.takes_part[charges.fee] = False
        self.view = joined(np.arange(len(payments)), same.one, same.other)
        self.spent: set[int] = set()  # the sightings of one payment settle once
        self.apart = {(one, int(self.view[other])) for one, other in payments.apart.of("settles")}

    def settled(self, paying: list[Batch]) -> None:
        """Mark the rows and payments of these batches as used, so that they take no part in the
        further allocation."""
        for batch in paying:
            self.takes_part[batch.rows] = False
            self.takes_part[batch.payment] = False
            self.spent.add(int(self.view[batch.payment]))

    def _usual_lateness(self) -> int:
        """Return the median of the days from an invoice's due day to the payment that names it and
        has its amount; 0 if there are too few."""
        payments, pairs = self.payments, numbers.mentions(self.payments)
        pairs = pairs.only(self.is_invoice[pairs.owner] & ~self.is_invoice[pairs.by])
        pairs = pairs.only(payments.amount[pairs.owner] == payments.amount[pairs.by])
        days = payments.day[pairs.by] - self.due[pairs.owner]
        return int(np.median(days)) if len(days) >= TELLING else 0

    def _named_elsewhere(self, same: Pairs) -> NDArray[np.bool_]:
        """Return one boolean per row: whether it has no due day, and a later row of another source
        names its own number."""
        payments, pairs = self.payments, numbers.mentions(self.payments)
        source, own = codes(payments.source), (self.number != "").astype(bool)
        elsewhere = source[pairs.owner] != source[pairs.by]
        later = payments.day[pairs.by] > payments.day[pairs.owner] + 1
        is_named = np.zeros(len(payments), dtype=bool)
        is_named[pairs.owner[elsewhere & later & own[pairs.by]]] = True
        is_named[same.one] = is_named[same.other] = False
        return np.asarray(is_named & ~are(payments.platform, "bank"))


def _of_party(books: _Books, rows: Ints) -> list[Settled]:
    """Return the settlements of one party's invoices by its payments. Payments that name invoices
    are allocated first."""
    paying = rows[~books.is_invoice[rows]].tolist()
    waiting = rows[books.is_invoice[rows]]
    numbers_due = {books.number[invoice] for invoice in waiting} - {""}
    telling = [payment for payment in paying if books.named[payment] & numbers_due]
    others = [payment for payment in paying if not books.named[payment] & numbers_due]
    settlements = list(_in_turn(books, waiting, telling, _to_named))
    return settlements + list(_in_turn(books, waiting, others, _to_likely))


def _in_turn(
    books: _Books, waiting: Ints, paying: list[int], allocate: "_Allocate"
) -> Iterator[Settled]:
    """Yield the settlements that `allocate` returns for each payment in the order of days, among
    the invoices that exist by then. Open amounts are reduced as it goes."""
    payments, open_ = books.payments, dict[int, int]()
    rest = iter(waiting.tolist())
    following = next(rest, None)
    for at, payment in enumerate(paying):
        view = int(books.view[payment])
        if view in books.spent:  # another sighting of the payment has settled
            continue
        until = payments.day[payment] + EARLY
        while following is not None and payments.day[following] <= until:
            if books.owed[following] > 0:
                open_[following] = int(books.owed[following])
            following = next(rest, None)
        watched = {invoice: open_[invoice] for invoice in _watched(books, open_, payment)}
        for settled in allocate(books, watched, payment, paying[at + 1 : at + 1 + WATCHED]):
            yield replace(settled, returned=payment in books.returned)
            books.spent.add(view)
            if payment not in books.returned:  # a returned payment leaves its invoice open
                books.owed[settled.invoice] -= settled.amount
                open_[settled.invoice] -= settled.amount
                if open_[settled.invoice] <= 0:
                    del open_[settled.invoice]


def _watched(books: _Books, open_: dict[int, int], payment: int) -> Iterator[int]:
    """Yield the newest open invoices of other sources than the payment's, at most OLDEST days older
    than it."""
    payments = books.payments
    for invoice in islice(reversed(open_), WATCHED):
        elsewhere = payments.source[invoice] != payments.source[payment]
        together = elsewhere and (invoice, int(books.view[payment])) not in books.apart
        if together and payments.day[payment] - payments.day[invoice] <= OLDEST:
            yield invoice


def _to_likely(
    books: _Books, open_: dict[int, int], payment: int, later: list[int]
) -> list[Settled]:
    """Return the settlements of a payment that names no invoice: one invoice of its amount, else
    consecutive ones or a few that add up to it, else one invoice in part.

    `open_` has the open amount of each invoice. `later` are the next payments, one of which may pay
    the other part.
    """
    payments, amount = books.payments, int(books.payments.amount[payment])
    day = int(payments.day[payment])
    near = _nearest(books, open_, day)
    about = [invoice for invoice in near if abs(books.expected[invoice] - day) <= ABOUT]
    if exact := [invoice for invoice in about if open_[invoice] == amount]:
        return [Settled(exact[0], payment, amount, "its amount")]
    if in_a_row := _consecutive(books, open_, day, amount):
        return [Settled(invoice, payment, open_[invoice], "a row") for invoice in in_a_row]
    if several := _subset_with_sum(books, open_, about, amount):
        return [Settled(invoice, payment, open_[invoice], "a sum") for invoice in several]
    rests = {int(payments.amount[other]) for other in later if payments.day[other] <= day + REST}
    parts = [
        invoice for invoice in about if open_[invoice] > amount and open_[invoice] - amount in rests
    ]
    return [Settled(invoice, payment, amount, "a part") for invoice in parts[:1]]


def _nearest(books: _Books, among: Iterable[int], day: int) -> list[int]:
    """Return the invoices in `among`, ordered by how near to the day their payment is expected."""
    return sorted(among, key=lambda invoice: (abs(int(books.expected[invoice]) - day), invoice))


def _to_named(books: _Books, open_: dict[int, int], payment: int, _: list[int]) -> list[Settled]:
    """Return the settlements of the invoices that the payment names.

    If the payment is more than their sum, also those of other invoices that add up to the rest.
    """
    amount, day = int(books.payments.amount[payment]), int(books.payments.day[payment])
    invoices = _as_named(books, open_, payment)
    total = sum(open_[invoice] for invoice in invoices)
    if not invoices or amount < total:
        return list(_in_part(open_, payment, invoices, amount))
    if amount == total:
        return [Settled(invoice, payment, open_[invoice], "named") for invoice in invoices]
    nearest = _nearest(books, open_.keys() - invoices, int(books.expected[invoices[0]]))
    before = [invoice for invoice in nearest if books.payments.day[invoice] <= day]
    rest = _subset_with_sum(books, open_, before, amount - total, least=1, together=MONTH)
    how = "named among others" if rest else "named, of another amount"
    return [Settled(invoice, payment, open_[invoice], how) for invoice in (*invoices, *rest)]


def _as_named(books: _Books, open_: dict[int, int], payment: int) -> list[int]:
    """Return the invoices that the payment names, one for each number: if possible with the same
    spelling, older than the payment and expected about then.

    All invoices with the numbers are returned if together they have the payment's amount.
    """
    day = int(books.payments.day[payment])
    spelled = numbers.plain(books.payments.document[payment] + books.payments.description[payment])
    by_number: dict[str, list[int]] = {}
    for invoice in _nearest(books, open_, day):
        if books.number[invoice] in books.named[payment]:
            by_number.setdefault(books.number[invoice], []).append(invoice)

    def unlike(each: int) -> tuple[bool, bool]:
        exactly = numbers.plain(books.payments.document[each]) in spelled
        return not exactly, bool(books.payments.day[each] > day)

    best = [min(some, key=unlike) for some in by_number.values()]
    lines = [invoice for some in by_number.values() for invoice in some]
    whole = sum(open_[invoice] for invoice in lines) == books.payments.amount[payment]
    return sorted(lines if whole else best)


def _in_part(
    open_: dict[int, int], payment: int, invoices: list[int], amount: int
) -> Iterator[Settled]:
    """Yield the settlement of the invoice that has exactly the amount, or else settlements of the
    invoices in order until the amount is used up."""
    exact = [invoice for invoice in invoices if open_[invoice] == amount]
    for invoice in exact[:1] or invoices:
        part = min(open_[invoice], amount)
        if part > 0:
            yield Settled(invoice, payment, part, "named" if exact else "named in part")
        amount -= part


def _consecutive(books: _Books, open_: dict[int, int], day: int, amount: int) -> list[int]:
    """Return consecutive invoices, ordered by due day, whose open amounts add up to `amount` and
    whose payment was expected about `day`; empty if there are none.

    Of several runs the nearest in time is returned.
    """
    ranked = sorted(open_, key=lambda invoice: (int(books.due[invoice]), invoice))
    sums = np.concatenate([[0], np.cumsum([open_[invoice] for invoice in ranked])]).astype(np.int64)
    candidates: list[tuple[int, int, int]] = []
    for first in range(len(ranked) - 1):
        last = int(np.searchsorted(sums, sums[first] + amount))
        if last - first > 1 and last <= len(ranked) and sums[last] - sums[first] == amount:
            spread = books.due[ranked[last - 1]] - books.due[ranked[first]]
            late = abs(int(books.expected[ranked[last - 1]]) - day)
            if spread <= ROW and late <= ABOUT:
                candidates.append((late, first, last))
    return ranked[min(candidates)[1] : min(candidates)[2]] if candidates else []


def _subset_with_sum(
    books: _Books,
    open_: dict[int, int],
    candidates: Sequence[int],
    amount: int,
    *,
    least: int = 2,
    together: int = TOGETHER,
) -> tuple[int, ...]:
    """Return the smallest set of candidates whose open amounts add up to `amount`; empty if there
    is none.

    It has at least `least` of the first SOUGHT candidates, all due within `together` days.
    """
    few = np.array(candidates[:SOUGHT], dtype=np.int64)
    if len(few) < least:
        return ()
    sets = _subsets(len(few))
    sums = sets @ np.array([open_[int(invoice)] for invoice in few], dtype=np.int64)
    for at in np.flatnonzero((sums == amount) & (sets.sum(axis=1) >= least)):
        several = few[sets[at] == 1]
        if np.ptp(books.due[several]) <= together:
            return tuple(several.tolist())
    return ()


@lru_cache(maxsize=SOUGHT + 1)
def _subsets(size: int) -> Ints:
    """Return all sets of 1 to PARTS of `size` members, one per row with 1 for each member, the
    smallest sets first."""
    sets = [
        [int(at in several) for at in range(size)]
        for parts in range(1, PARTS + 1)
        for several in combinations(range(size), parts)
    ]
    return np.array(sets, dtype=np.int64).reshape(-1, size)


_Allocate = Callable[[_Books, dict[int, int], int, list[int]], list[Settled]]
