"""Invoices and what paid them; documents that two sources name."""

from dataclasses import replace

import numpy as np
import pytest

from graph.enrich.columns.taken_apart import TakenApart
from graph.enrich.links import batches, fees, references, reversals, same_transaction, settlements
from tests.graph.enrich.demo_payments import demo
from tests.graph.enrich.handmade import payments


def settled(made, kinds=None):
    pairs = same_transaction.find(made, kinds)
    charges = fees.find(made)
    return settlements.find(made, pairs, charges, reversals.find(made, pairs, charges))


def found(*rows):
    books = payments(*rows)
    keys = books.external_id
    return {
        (
            keys[settlement.invoice],
            keys[settlement.payment],
            round(settlement.amount / 10_000, 2),
            settlement.how,
        )
        for settlement in settled(books)
    }


def bill(key, day, amount, **values):
    values = {"due": day + 30, "document": f"INV-70{key}", **values}
    return {"key": key, "day": day, "amount": amount, **values}


def paid(key, day, amount, document="", **values):
    return {"key": key, "day": day, "amount": amount, "document": document, "source": "bank",
            "own": "Current account", **values}  # fmt: skip


def test_nothing():
    assert found() == found(bill("10", 0, 5)) == found(paid("p", 0, 5)) == set()


def test_by_its_number():
    rows = [bill("10", 0, 50), bill("11", 1, 50), paid("p", 20, 50, "INV 7011")]
    assert found(*rows) == {("11", "p", 50, "named")}


def test_by_its_amount():
    rows = [bill("10", 0, 50), bill("11", 1, 60), paid("p", 29, 60)]
    assert found(*rows) == {("11", "p", 60, "its amount")}


def test_many_at_once():
    rows = [bill("10", 0, 50.5), bill("11", 3, 60.25), bill("12", 4, 7), paid("p", 31, 110.75)]
    assert found(*rows) == {("10", "p", 50.5, "a row"), ("11", "p", 60.25, "a row")}


def test_many_of_which_one_is_named():
    rows = [bill("10", 0, 50.5), bill("11", 3, 60.25), paid("p", 31, 110.75, "INV-7010 + 1 MORE")]
    how = "named among others"
    assert found(*rows) == {("10", "p", 50.5, how), ("11", "p", 60.25, how)}


def test_in_two_parts():
    rows = [bill("10", 0, 100), paid("p", 30, 30, "INV-7010"), paid("q", 40, 70, "INV-7010")]
    assert found(*rows) == {("10", "p", 30, "named in part"), ("10", "q", 70, "named")}
    rows = [bill("10", 0, 100), paid("p", 30, 30), paid("q", 40, 70)]
    assert found(*rows) == {("10", "p", 30, "a part"), ("10", "q", 70, "its amount")}


def test_an_invoice_that_was_taken_out_of_a_batch_is_paid_by_another_payment(monkeypatch):
    rows = [bill("10", 0, 50.5), bill("11", 3, 60.25), paid("p", 31, 110.75), paid("q", 60, 60.25)]
    books = payments(*rows)
    place = {key: at for at, key in enumerate(books.external_id)}
    batch = batches.Batch(place["p"], np.array([place["10"], place["11"]]), linked=False)
    monkeypatch.setattr(batches, "find", lambda *_: [batch])
    ends = place["11"], place["p"]
    apart = replace(books, apart=TakenApart({"settles": frozenset({ends, ends[::-1]})}))
    for seen, payer in ((books, "p"), (apart, "q")):
        of = {one.invoice: one.payment for one in settled(seen)}
        assert of == {place["10"]: place["p"], place["11"]: place[payer]}


def test_less_what_was_credited():
    rows = [bill("10", 0, 100), bill("09", -40, 80), paid("p", 30, 75, "INV-7010")]
    credit = {"key": "c", "day": 5, "amount": -25, "description": "Credit, INV-7010"}
    assert ("10", "p", 75, "named") in found(*rows, credit)


def test_what_was_returned_is_still_owed():
    number = "INV-7010"
    rows = [bill("10", 0, 100), paid("p", 30, 100, number), paid("r", 32, -100, number)]
    rows.append(paid("q", 34, 100, number))
    assert found(*rows) == {("10", "p", 100, "named"), ("10", "q", 100, "named")}


@pytest.mark.parametrize(
    "payment",
    [
        paid("p", 20, 50, currency="EUR"),
        paid("p", 20, -50),
        paid("p", 20, 50, party="Oak Water Services"),
        paid("p", -30, 50),
        paid("p", 300, 50),
        paid("p", 20, 50, source="ledger"),
        paid("p", 20, 0),
    ],
)
def test_what_settles_nothing(payment):
    assert found(bill("10", 0, 50), payment) == set()


def test_many_invoices_of_one_party():
    rng = np.random.default_rng(1)
    rows = [bill(f"{at}", at // 20, float(rng.integers(100, 90_000)) / 100) for at in range(5_000)]
    rows += [
        paid(f"p{at}", at // 20 + 30, float(rng.integers(100, 90_000)) / 100) for at in range(5_000)
    ]
    books = payments(*rows)
    settled(books)


def test_a_reason():
    books = payments(bill("10", 0, 50), paid("p", 20, 50, "INV-7010"))
    [link] = settlements.links(books, settled(books))
    assert (link.source_event, link.target_event, link.type) == ("e10", "ep", "settles")
    assert "pays 50.00 of the 50.00 GBP of INV-7010" in link.reason


def referenced(*rows):
    books = payments(*rows)
    keys = books.external_id
    return {
        (keys[reference.one], keys[reference.other], reference.is_order)
        for reference in references.find(books)
    }


def test_one_number_in_two_sources():
    rows = [bill("10", 0, 5, document="INV-0071234"), paid("p", 9, 8, "inv 71234")]
    assert referenced(*rows) == {("p", "10", False)}


def test_never_within_one_source_nor_a_common_number():
    lines = [bill(f"{at}", 0, 5, document="INV-71234") for at in range(2)]
    assert referenced(*lines) == set()
    many = [bill(f"{at}", 0, 5, document="INV-71234") for at in range(5)]
    assert referenced(*many, paid("p", 9, 8, "INV-71234")) == set()


def test_a_short_number_of_strangers():
    rows = [bill("10", 0, 5, document="71234"), paid("p", 9, 8, "71234", party="Oak Water")]
    assert referenced(*rows) == set()


def test_an_order():
    order = {"key": "o", "source": "orders", "day": 0, "document": "PO-88123"}
    bill_ = bill("10", 20, 5, description="as ordered, PO number PO-88123")
    assert referenced(order, bill_) == {("10", "o", True)}


@pytest.mark.parametrize("seed", [7, 11, 23])
def test_against_the_truth(seed):
    books = demo(seed)
    place, truth = books.place, books.truth
    back = {place[reversal.row] for reversal in truth.reversals}
    true = {
        (place[invoice], place[payment])
        for settlement in truth.settles
        for invoice in settlement.invoices
        for payment in settlement.payments
        if place[invoice] not in back and place[payment] not in back
    }
    claimed = {
        (settlement.invoice, settlement.payment)
        for settlement in settled(books.payments, books.kinds)
    }
    assert len(claimed & true) / len(claimed) >= 0.97
    assert len(claimed & true) / len(true) >= 0.95


@pytest.mark.parametrize("number", ["01/02/2024", "1,234.50", "A1", "invoice"])
def test_dates_sums_and_words_are_no_numbers(number):
    rows = [bill("10", 0, 5, document=number), paid("p", 9, 8, number)]
    assert referenced(*rows) == set()


def test_a_long_number_needs_no_party():
    rows = [bill("10", 0, 5, document="PO-2024-88123"), paid("p", 9, 8, "PO202488123", party="Oak")]
    assert referenced(*rows) == {("p", "10", False)}


def test_invoices_in_a_row():
    """All that was open, a month's weekly bills, without a number."""
    sums = (31.2, 44.55, 28.9, 52.35)
    bills = [bill(f"1{at}", 7 * at, amount) for at, amount in enumerate(sums)]
    assert {settlement[0] for settlement in found(*bills, paid("p", 55, sum(sums)))} == {
        "10",
        "11",
        "12",
        "13",
    }


def test_the_number_as_it_is_spelled():
    rows = [bill("a", 0, 57, document="PLS/40759"), bill("b", 37, 57, document="PLS/0040759")]
    rows += [paid("p", 30, 57), paid("q", 68, 57, "PLS/0040759")]
    assert found(*rows) == {("a", "p", 57, "its amount"), ("b", "q", 57, "named")}


def test_bills_of_one_amount_are_paid_as_late_as_usual():
    """Every one is paid nine days after it is due: those that name no number, too."""
    rows = [bill(f"{at}", 14 * at, 100 + at) for at in range(8)]
    rows += [paid(f"p{at}", 14 * at + 39, 100 + at, f"INV-70{at}") for at in range(8)]
    same = [bill(f"s{at}", 14 * at, 114.77) for at in range(4)]
    same += [paid(f"q{at}", 14 * at + 39, 114.77) for at in range(4)]
    pairs = {(settlement[0], settlement[1]) for settlement in found(*rows, *same)}
    assert {(f"s{at}", f"q{at}") for at in range(4)} <= pairs
