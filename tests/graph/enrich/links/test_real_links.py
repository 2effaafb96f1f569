"""Real books: the card feed beside the ledger, what was paid twice, a month published twice."""

from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from graph.enrich import fraud
from graph.enrich.columns.payments import Payments
from graph.enrich.fraud import Stated
from graph.enrich.links import fees, reversals, same_transaction
from tests.graph.enrich.demo_payments import Read, of_files

pytestmark = pytest.mark.thorough


@cache
def books(folder: Path) -> Read:
    return of_files(sorted((folder / "calderdale").glob("*.csv.gz")), merged=False)


@pytest.fixture
def read(real_books: Path) -> Read:
    return books(real_books)


def marks(payments: Payments, rows: np.ndarray) -> Counter:
    """Merchant and amount: rows that share these are interchangeable."""
    names = payments.entities.name[payments.payee[rows]]
    return Counter(zip(map(str.upper, names), payments.amount[rows].tolist(), strict=True))


def test_card_lines_and_their_ledger_lines(read):
    payments = read.payments
    pairs = same_transaction.find(payments, read.kinds)
    by_card = np.flatnonzero(read.kinds["definition"] == "Credit Cards")
    cards = np.flatnonzero(payments.platform == "card")
    possible = marks(payments, by_card) & marks(payments, cards)
    assert possible.total() == 242
    paired = marks(payments, pairs.other)
    assert (possible & paired & marks(payments, pairs.one)).total() >= 237
    right = np.isin(pairs.other, by_card)
    assert right.mean() >= 0.98


def facts(payments: Payments, publication: np.ndarray | None = None) -> list[fraud.Duplicate]:
    nothing = np.full(len(payments), "", dtype=object)
    same, charges = same_transaction.find(payments), fees.find(payments)
    reversed_by = reversals.find(payments, same, charges)
    columns_stated = Stated(nothing, nothing if publication is None else publication)
    return fraud.find(payments, columns_stated, same, charges, reversed_by)


def unlike_sums(made: Payments, row: int) -> int:
    """How many unlike sums of a day the row's party is paid under its number: under a case's or a
    contract's number there are three and more."""
    is_of = (made.payee == made.payee[row]) & (made.document == made.document[row])
    sums: Counter[int] = Counter()
    for at in np.flatnonzero(is_of).tolist():
        sums[int(made.day[at])] += int(made.amount[at])
    return len(set(sums.values()))


def test_what_was_paid_twice(read):
    """One supplier, invoice number and amount on different days, as the data's README has it, but
    for numbers of cases and contracts (read one by one)."""
    payments = read.payments
    groups: dict[tuple, set[int]] = defaultdict(set)
    for row in np.flatnonzero(read.kinds["source"] == "IV").tolist():
        name = payments.entities.name[payments.payee[row]]
        if "REDACT" not in f"{name} {payments.document[row]}".upper():
            key = (payments.payee[row], payments.document[row], payments.amount[row])
            groups[key].add(row)
    twice = [rows for rows in groups.values() if len({payments.day[row] for row in rows}) > 1]
    assert len(twice) == 15
    duplicates = facts(payments)
    later = {duplicate.later for duplicate in duplicates}
    invoices = [rows for rows in twice if unlike_sums(payments, min(rows)) < 3]
    assert len(invoices) == 9
    assert all(rows & later for rows in invoices)
    assert not any(rows & later for rows in twice if rows not in invoices)
    sure = [duplicate for duplicate in duplicates if duplicate.confidence >= 0.7]
    assert len(sure) <= 50  # few enough to be read


def test_a_month_published_again_under_other_keys(read):
    """A month of the card feed once more, in a second file: seen twice, paid once."""
    payments = read.payments
    months = payments.day.astype("datetime64[D]").astype("datetime64[M]").astype(str)
    again = np.flatnonzero((payments.platform == "card") & (months == "2019-06"))
    rows = np.concatenate([np.arange(len(payments)), again])
    order = np.argsort(payments.day[rows], kind="stable")
    of = {
        name: values[rows[order]]
        for name, values in columns(payments).items()
        if isinstance(values, np.ndarray)
    }
    copied = (np.arange(len(rows)) >= len(payments))[order]
    for name in ("relationship", "external_id", "payer_event", "payee_event"):
        of[name] = np.where(copied, of[name] + " again", of[name])
    twice = facts(replace(payments, **of), np.where(copied, "2 again", "1 first").astype(object))
    printed = [duplicate for duplicate in twice if duplicate.kind == "republished"]
    assert len(again) > 500
    assert len(printed) == len(again)
    assert {bool(copied[duplicate.later]) for duplicate in printed} == {True}
    assert not any(
        copied[duplicate.later] for duplicate in twice if duplicate.kind != "republished"
    )


def columns(made: Payments) -> dict[str, np.ndarray]:
    return {name: values for name, values in vars(made).items() if name != "entities"}
