"""What takes payments back, and what charges for them."""

import numpy as np
import pytest

from graph.enrich.links import credit_remainders, fees, reversals, same_transaction
from tests.graph.enrich.demo_payments import demo
from tests.graph.enrich.handmade import payments


def found(*rows):
    books = payments(*rows)
    pairs = same_transaction.find(books)
    reversed_by = reversals.find(books, pairs, fees.find(books))
    keys = books.external_id
    ends = zip(reversed_by.reversal, reversed_by.original, strict=True)
    return {(keys[later], keys[first]) for later, first in ends}


def bill(day, amount, **values):
    return {"day": day, "amount": amount, **values}


OTHERS = [bill(day, 77 + day) for day in (1, 30, 60, 90)]


def test_nothing():
    assert found() == set()
    assert found(bill(0, -5)) == set()


def test_the_whole_amount():
    assert found(*OTHERS, bill(40, 50, key="o"), bill(47, -50, key="r")) == {("r", "o")}


def test_a_part_that_names_its_original():
    original = bill(40, 50, document="INV-7012", key="o")
    note = bill(47, -20, description="Credit note, invoice INV-7012", key="r")
    assert found(*OTHERS, bill(45, 50, document="INV-7044"), original, note) == {("r", "o")}


@pytest.mark.parametrize(
    "note",
    [
        bill(39, -50),
        bill(47, -50, currency="EUR"),
        bill(47, -50, party="Oak Water Services"),
        bill(47, -50, source="bank"),
        bill(47, -500),
        bill(900, -50),
        bill(47, 0),
    ],
)
def test_what_reverses_nothing(note):
    assert ("r", "o") not in found(*OTHERS, bill(40, 50, key="o"), {**note, "key": "r"})


def test_parts_only_while_something_is_left():
    original = bill(40, 500, document="INV-7012", key="o")
    naming = {"description": "credit INV-7012"}
    parts = [bill(41 + at, -200, key=f"r{at}", **naming) for at in range(3)]
    assert found(*OTHERS, original, *parts) == {("r0", "o"), ("r1", "o")}


def test_what_is_paid_anew_reverses_no_return():
    rows = [bill(40, 50, key="first"), bill(43, -50, key="return"), bill(45, 50, key="again")]
    assert found(*OTHERS, *rows) == {("return", "first")}


def test_money_goes_back_to_the_card_that_it_came_from():
    mine, other = {"own": "Card 1"}, {"own": "Card 2"}
    rows = [bill(40, 50, key="mine", **mine), bill(44, 60, key="other", **other)]
    rows += [bill(20, 5, **mine), bill(21, 5, **other), bill(50, -30, key="r", **mine)]
    assert found(*rows) == {("r", "mine")}


def test_a_payout_and_its_fee_reverse_nothing():
    rows = []
    for week in range(10):
        rows.append(bill(7 * week, -1000 - week, source="bank", description="PAYOUT"))
        rows.append(bill(7 * week, 17, source="bank", description="PROCESSING FEE"))
    assert found(*rows) == set()
    books = payments(*rows)
    charges = fees.find(books)
    assert len(charges.fee) == 10
    assert (books.day[charges.fee] == books.day[charges.payment]).all()


def test_a_charge_by_its_reference():
    rows = [
        bill(5, 400, source="bank", document="INV-7012", description="TRANSFER", key="p"),
        bill(5, 380, source="bank", document="INV-7013", description="TRANSFER"),
        bill(5, 4, source="bank", party="Dale Bank", document="FEE INV-7012",
             description="TRANSFER FEE", key="f"),
        bill(9, 4, source="bank", party="Dale Bank", description="ACCOUNT FEE"),
    ]  # fmt: skip
    books = payments(*rows)
    charges = fees.find(books)
    assert books.external_id[charges.fee].tolist() == ["f"]
    assert books.external_id[charges.payment].tolist() == ["p"]
    [link] = fees.links(books, charges)
    assert (link.source_event, link.target_event, link.type) == ("ef", "ep", "fee_of")
    assert "charges 4.00 GBP for the 400.00 GBP of row p" in link.reason


def test_a_line_of_a_bill_is_no_charge_for_it():
    lines = [
        bill(5, 400, document="INV-7012", description="Repairs"),
        bill(5, 20, document="INV-7012", description="Surveyor's fees"),
    ]
    assert len(fees.find(payments(*lines)).fee) == 0


@pytest.mark.parametrize("seed", [7, 11, 23])
def test_against_the_truth(seed):
    books = demo(seed)
    charges = fees.find(books.payments)
    pairs = same_transaction.find(books.payments, books.kinds)
    reversed_by = reversals.find(books.payments, pairs, charges)
    place = books.place
    true = {(place[reversal.row], place[reversal.original]) for reversal in books.truth.reversals}
    ends = zip(reversed_by.reversal.tolist(), reversed_by.original.tolist(), strict=True)
    assert f1(set(ends), true) >= 0.95
    true = {(place[fee.fee], place[fee.payment]) for fee in books.truth.fee_of}
    assert f1(set(zip(charges.fee.tolist(), charges.payment.tolist(), strict=True)), true) >= 0.95


def f1(claimed, true):
    return 2 * len(claimed & true) / (len(claimed) + len(true))


INVOICES = (
    {"key": "a", "day": 0, "amount": 300, "document": "INV-5001", "due": 30},
    {"key": "b", "day": 4, "amount": 500, "document": "INV-5002", "due": 34},
    {"key": "c", "day": 9, "amount": -80, "description": "Credit"},
)


@pytest.mark.parametrize(
    ("paid", "original"),
    [
        ([(30, 220, ""), (34, 500, "")], "a"),
        ([(30, 300, ""), (34, 420, "")], "b"),
        ([(30, 300 + 7, "INV-5001"), (34, 420, "INV-5002")], "b"),
    ],
)
def test_what_is_paid_later_tells_which_invoice_was_credited(paid, original):
    bank = [
        {"key": f"p{at}", "day": day, "amount": amount, "document": number, "source": "bank"}
        for at, (day, amount, number) in enumerate(paid)
    ]
    usual = [{"key": f"u{at}", "day": -9 * at - 60, "amount": 41 + at} for at in range(8)]
    books = payments(*usual, *INVOICES, *bank)
    pairs, charges = same_transaction.find(books), fees.find(books)
    reversed_by = reversals.find(books, pairs, charges)
    keys = books.external_id
    assert [(keys[reversed_by.reversal[0]], keys[reversed_by.original[0]])] == [("c", original)]
    assert reversed_by.confidence[0] > 0.8


def test_a_payment_that_names_several_and_is_less():
    together = {"key": "p", "day": 33, "amount": 720, "document": "INV-5001 INV-5002",
                "source": "bank"}  # fmt: skip
    books = payments(*INVOICES, together)
    owner, amount = credit_remainders.less_than_named(books)
    by_key = dict(zip(books.external_id[owner], amount.tolist(), strict=True))
    assert by_key == {"a": 800_000, "b": 800_000}


def stated(*rows):
    """(reversal, original) → confidence."""
    books = payments(*rows)
    pairs = same_transaction.find(books)
    reversed_by = reversals.find(books, pairs, fees.find(books))
    keys = books.external_id
    ends = zip(keys[reversed_by.reversal], keys[reversed_by.original], strict=True)
    return dict(zip(ends, reversed_by.confidence.tolist(), strict=True))


def test_a_deduction_is_a_line_of_its_invoice():
    line = {"document": "01JAN-28JAN", "party": "Elm House"}
    assert found(bill(5, 900, key="a1", **line), bill(5, -120, key="a2", **line)) == set()
    lines = [bill(5, amount, **line) for amount in (50, 50, 50, -50)]
    assert found(*OTHERS, *lines) == set()


def test_lines_of_an_invoice_that_come_to_nothing_take_each_other_back():
    line = {"document": "INV-7012", "party": "Elm House"}
    rows = [bill(5, 900, key="o", **line), bill(5, -900, key="r", **line)]
    assert found(*rows, bill(40, 11, party="Elm House")) == {("r", "o")}


def test_a_credit_note_of_another_day_names_its_invoice():
    line = {"document": "INV-7012"}
    rows = [bill(5, 900, key="o", **line), bill(12, -120, key="r", **line)]
    assert found(*OTHERS, *rows) == {("r", "o")}


def test_of_two_equal_rows_of_a_day_the_first_is_the_original():
    rows = [bill(5, 50, party="Alpha", key="b3"), bill(5, -50, party="Alpha", key="b4")]
    assert found(*rows) == {("b4", "b3")}


@pytest.mark.parametrize("seed", range(5))
def test_no_row_takes_back_and_is_taken_back(seed):
    rng = np.random.default_rng(seed)
    days, amounts = np.sort(rng.integers(0, 60, 80)), rng.choice([-50, -20, 20, 50], 80)
    rows = [bill(int(day), int(amount)) for day, amount in zip(days, amounts, strict=True)]
    pairs = found(*rows, *OTHERS)
    assert not {later for later, _ in pairs} & {first for _, first in pairs}


def test_one_refund_of_many_equal_payments_is_not_stated():
    """Each of ten has less than one chance in three."""
    rows = [bill(40 - day, 50, key=f"o{day}") for day in range(10)]
    links = stated(*OTHERS, *rows, bill(48, -50, key="r"))
    assert all(confidence >= 1 / 3 for confidence in links.values())
    assert links == {}


def test_a_return_whose_original_is_paid_anew():
    """Of equal weekly payments the one whose number is paid again after the return."""
    rows = [bill(7 * at, 50, document=f"INV-70{at + 10}", key=f"o{at}") for at in range(9)]
    again = bill(60, 50, document="INV-7017", key="again")
    links = stated(*rows, bill(59, -50, key="r"), again)
    assert links.keys() == {("r", "o7")}
    assert links["r", "o7"] > 0.7


def test_money_to_another_account_takes_nothing_back():
    """One customer's withdrawal is not the return of another's deposit."""
    rows = [
        bill(5, 50, party="Savings bank", own="Card 1", key="deposit"),
        bill(6, 20, party="Savings bank", own="Card 1"),
        bill(7, 20, party="Savings bank", own="Card 2"),
        bill(9, -50, party="Savings bank", own="Card 2", key="withdrawal"),
    ]
    assert ("withdrawal", "deposit") not in found(*rows)


def test_words_say_that_the_usual_way_is_a_return():
    """A customer who is paid in and back: the return goes the usual way, and says what it is."""
    wallet = [bill(day, 30 + day, own="Current account") for day in (1, 20)]
    paid = bill(40, -188.25, own="Current account", key="o")
    back = bill(41, 188.25, own="Current account", description="deposit returned", key="r")
    assert found(*wallet, paid, back) == {("r", "o")}


def test_the_charge_that_is_given_back_tells_which_of_equal_ones():
    rows = []
    for day, charge in ((1, 0.95), (3, 1.70), (5, 0.95)):
        rows.append(bill(day, -50, party="Guest", document=f"G{day}12", key=f"g{day}"))
        rows.append(bill(day, charge, party="Platform", description="fee", document=f"G{day}12",
                         key=f"f{day}"))  # fmt: skip
    rows.append(bill(8, 50, party="Guest", description="refund", key="back"))
    rows.append(bill(8, -1.70, party="Platform", description="fee refund", key="less"))
    assert found(*rows) == {("back", "g3"), ("less", "f3")}
