"""A payment of bills is overdue only if a bill is unpaid."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.links.reversals import Reversals
from graph.enrich.links.settlements import Settled
from graph.enrich.links.sighting_pairs import Pairs, joined
from graph.enrich.open_bills import Bills
from graph.enrich.prediction import predict
from graph.enrich.series.detect import find
from graph.enrich.series.forecast import courses
from tests.graph.enrich.small_books import Paid, every, number, payments

FIRST = date(2024, 1, 4)
TODAY = number(date(2024, 8, 15))  # four weeks after the last payment
NOTHING = np.zeros(0, dtype=np.int64)
NONE = Reversals(NOTHING, NOTHING, NOTHING > 0, NOTHING > 0, NOTHING.astype(float))


def pairs(books: Payments, one: str, other: str) -> Pairs:
    """The rows of two sources, in turn, as sightings of each other."""
    ones, others = (np.flatnonzero(books.source == source) for source in (one, other))
    size = min(len(ones), len(others))
    zeros = np.zeros(size)
    return Pairs(ones[:size], others[:size], zeros.astype(np.int64), zeros, zeros, zeros, zeros > 0)


def status(
    *later: Paid, returned: bool = False, other_views: bool = False, records: str = "obligation"
) -> str:
    """The state of the expected payment of a fortnightly run that paid a bill each time.

    With `other_views`, a book of cash has the payments as well, and another book the bills. The
    later rows of the ledger record `records`.
    """
    paid = every(14, FIRST, 15, source="bank")
    bills = [Paid(one.day - 10, one.amount, source="ledger") for one in paid]
    views = [replace(one, source="cash") for one in paid]
    views += [replace(one, source="purchases") for one in bills]
    books = payments([*paid, *bills, *later, *(views if other_views else ())])
    is_bill = books.source == "ledger"
    is_later = np.isin(books.amount, [round(one.amount * UNIT) for one in later])
    kinds = np.where(is_bill | (books.source == "purchases"), "obligation", "payment")
    kinds[is_later] = records
    books = replace(
        books, records=kinds.astype(object), due_day=np.where(is_bill, books.day + 9, -1)
    )
    same = joined([pairs(books, "bank", "cash"), pairs(books, "ledger", "purchases")])
    paying = np.flatnonzero(books.source == ("cash" if other_views else "bank"))
    by_bill = zip(np.flatnonzero(is_bill).tolist(), paying.tolist(), strict=False)
    settled = [Settled(bill, by, int(books.amount[bill]), "named") for bill, by in by_bill]
    if returned:
        settled[-1] = replace(settled[-1], returned=True)
    series = [one for one in courses(books, find(books)) if books.source[one.last[-1]] == "bank"]
    until = dict.fromkeys(books.source, TODAY)
    (row,) = predict(books, series, until, [], bills=Bills.of(books, settled, NONE, same))
    return str(row["status"])


def test_nothing_is_owed():
    assert status() == "pending"


def test_a_bill_is_unpaid():
    assert status(Paid(TODAY - 30, 70, source="ledger")) == "overdue"


def test_another_source_s_rows_of_the_payments_and_of_the_bills_owe_nothing():
    assert status(other_views=True) == "pending"
    assert status(Paid(TODAY - 30, 70, source="ledger"), other_views=True) == "overdue"


@pytest.mark.parametrize("records", ["order", "claim", "transfer"])
def test_only_a_bill_is_owed(records):
    assert status(Paid(TODAY - 30, 70, source="ledger"), records=records) == "pending"


def test_a_bill_is_not_due_yet():
    assert status(Paid(TODAY - 5, 70, source="ledger")) == "pending"


def test_another_partys_bill():
    assert status(Paid(TODAY - 30, 70, source="ledger", payee=3)) == "pending"


def test_a_payment_that_came_back_leaves_its_bill_unpaid():
    assert status(returned=True) == "overdue"


def test_without_bills_what_does_not_come_is_overdue():
    books = payments(every(14, FIRST, 15, source="bank"))
    (row,) = predict(books, courses(books, find(books)), {"bank": TODAY}, [])
    assert str(row["status"]) == "overdue"
