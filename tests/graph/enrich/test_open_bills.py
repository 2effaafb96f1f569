"""A payment of bills is overdue only if a bill is unpaid."""

from dataclasses import replace
from datetime import date

import numpy as np

from graph.enrich.links.reversals import Reversals
from graph.enrich.links.settlements import Settled
from graph.enrich.open_bills import Bills
from graph.enrich.prediction import predict
from graph.enrich.series.detect import find
from graph.enrich.series.forecast import courses
from tests.graph.enrich.small_books import Paid, every, number, payments

FIRST = date(2024, 1, 4)
TODAY = number(date(2024, 8, 15))  # four weeks after the last payment
NOTHING = np.zeros(0, dtype=np.int64)
NONE = Reversals(NOTHING, NOTHING, NOTHING > 0, NOTHING > 0, NOTHING.astype(float))


def status(*later: Paid, returned: bool = False) -> str:
    """The state of the expected payment of a fortnightly run that paid a bill each time."""
    paid = every(14, FIRST, 15, source="bank")
    bills = [Paid(one.day - 10, one.amount, source="ledger") for one in paid]
    books = payments([*paid, *bills, *later])
    is_bill = books.source == "ledger"
    records = np.where(is_bill, "obligation", "payment").astype(object)
    books = replace(books, records=records, due_day=np.where(is_bill, books.day + 9, -1))
    pairs = zip(np.flatnonzero(is_bill).tolist(), np.flatnonzero(~is_bill).tolist(), strict=False)
    settled = [Settled(bill, by, int(books.amount[bill]), "named") for bill, by in pairs]
    if returned:
        settled[-1] = replace(settled[-1], returned=True)
    series = [one for one in courses(books, find(books)) if not is_bill[one.last[-1]]]
    until = dict.fromkeys(books.source, TODAY)
    (row,) = predict(books, series, until, [], Bills.of(books, settled, NONE))
    return str(row["status"])


def test_nothing_is_owed():
    assert status() == "pending"


def test_a_bill_is_unpaid():
    assert status(Paid(TODAY - 30, 70, source="ledger")) == "overdue"


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
