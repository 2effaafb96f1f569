"""Probable duplicates and what only looks like them."""

from dataclasses import replace

import numpy as np
import pytest

from graph.enrich import fraud
from graph.enrich.fraud import Stated
from graph.enrich.links import fees, reversals, same_transaction
from tests.graph.enrich.demo_payments import demo
from tests.graph.enrich.handmade import payments


def pairs(made, stated=None, kinds=None):
    nothing = np.full(len(made), "", dtype=object)
    charges = fees.find(made)
    same = same_transaction.find(made, kinds)
    reversed_by = reversals.find(made, same, charges)
    return fraud.find(made, stated or Stated(nothing, nothing), same, charges, reversed_by)


def found(*rows):
    books = payments(*rows)
    keys = books.external_id
    return {
        (keys[duplicate.later], keys[duplicate.original], duplicate.kind)
        for duplicate in pairs(books)
    }


def bill(key, day, amount=123.45, document="INV-70123", **values):
    return {"key": key, "day": day, "amount": amount, "document": document, **values}


def test_nothing():
    assert found() == found(bill("a", 0)) == set()


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        ("paid_twice", bill("b", 9)),
        ("leading_zeros", bill("b", 9, document="INV-0070123")),
        ("number_suffix", bill("b", 9, document="INV-70123/A")),
        ("number_suffix", bill("b", 9, document="INV-70123 DUP")),
        ("number_suffix", bill("b", 9, document="INV-70123R")),
        ("transposed_number", bill("b", 9, document="INV-70132")),
        ("transposed_amount", bill("b", 9, amount=132.45)),
    ],
)
def test_the_ways_of_entering_an_invoice_again(kind, again):
    assert found(bill("a", 0), again) == {("b", "a", kind)}


@pytest.mark.parametrize(
    "other",
    [
        bill("b", 0),
        bill("b", 9, document="INV-70199"),
        bill("b", 9, amount=500),
        bill("b", 9, currency="EUR"),
        bill("b", 9, source="bank"),
        bill("b", 9, party="Oak Water", document="70123"),
        bill("b", 9, amount=-123.45),
        bill("b", 9, document=""),
        bill("b", 200, document="INV-70132"),
    ],
)
def test_what_is_no_duplicate(other):
    assert found(bill("a", 0), other) == set()


def test_a_split():
    parts = [bill("b", 9, 100, "INV-70123/1"), bill("c", 11, 23.45, "INV-70123/2")]
    assert found(bill("a", 0), *parts) == {("b", "a", "split"), ("c", "a", "split")}
    assert found(bill("a", 0), bill("b", 9, 100, "INV-70123/1"), bill("c", 11, 5, "X")) == set()
    parts = [bill(key, 9, amount, "INV-70123/1") for key, amount in (("b", 100), ("c", 23.45))]
    assert found(bill("a", 0), *parts) == set()


def test_another_party_with_the_same_account():
    books = payments(bill("a", 0), bill("b", 9, party="Oak Water"))
    accounts = np.array(["iban GB1", "iban GB1"], dtype=object)
    nothing = np.full(2, "", dtype=object)
    [one] = pairs(books, Stated(accounts, nothing))
    assert (one.later, one.original, one.kind) == (1, 0, "same_account")
    accounts = np.array(["iban GB1", "iban GB2"], dtype=object)
    assert pairs(books, Stated(accounts, nothing)) == []


def test_a_contract_is_paid_again_and_again():
    assert found(*[bill(f"{at}", 30 * at, document="Lease 70123") for at in range(12)]) == set()


def test_a_series_of_numbers_may_swap_digits():
    rows = [bill(f"{at}", 7 * at, document=f"INV-701{at:02d}") for at in range(40)]
    assert found(*rows) == set()


def test_a_mask_tells_nothing():
    rows = [bill(f"{at}", at, party=name) for at, name in enumerate(("REDACTED", "Redacted Ltd"))]
    masks = [
        bill(f"m{at}", at, document=f"{at}", party=name)
        for at, name in enumerate(("redacted", "Redacted.", "REDACTED plc", "(redacted)"))
    ]
    again = bill("again", 9, party="REDACTED")
    assert ("again", "0", "paid_twice") in found(*rows[:1], again)
    assert found(*rows[:1], again, *masks) == set()


def test_what_was_taken_back_before_it_was_paid_again():
    rows = [bill("x", -9, 77, "INV-1"), bill("a", 0), bill("r", 2, -123.45), bill("b", 4)]
    assert found(*rows) == set()


def month(prefix, **values):
    rng = np.random.default_rng(3)
    return [
        {"key": f"{prefix}{at}", "day": int(rng.integers(0, 28)), "source": "card",
         "amount": float(rng.integers(100, 9000)) / 100, "own": "Card 1", **values}
        for at in range(60)
    ]  # fmt: skip


def test_a_month_that_was_published_twice():
    books = payments(*month("a"), *month("b"))
    duplicates = pairs(books)
    assert len(duplicates) == 60
    assert {duplicate.kind for duplicate in duplicates} == {"republished"}
    assert {duplicate.confidence for duplicate in duplicates} == {fraud.REPUBLISHED}
    assert (
        len(
            {duplicate.later for duplicate in duplicates}
            | {duplicate.original for duplicate in duplicates}
        )
        == 120
    )


def test_a_file_that_repeats_a_part_of_another():
    rest = [{**row, "day": row["day"] + 31} for row in month("c")]
    books = payments(*month("a"), *month("b")[:40], *rest)
    names = {"a": "1 first", "b": "2 second", "c": "1 first"}
    published = np.array([names[key[0]] for key in books.external_id], dtype=object)
    duplicates = pairs(books, Stated(np.full(len(books), "", dtype=object), published))
    assert len(duplicates) == 40
    assert all(books.external_id[duplicate.later][0] == "b" for duplicate in duplicates)


def test_equal_purchases_of_a_day_are_not_republished():
    rows = [{"key": f"{at}", "day": at // 4, "source": "card", "amount": 5} for at in range(200)]
    assert found(*rows) == set()


def test_evidence_for_a_person():
    books = payments(bill("a", 0), bill("b", 9))
    [one] = pairs(books)
    evidence = fraud.evidence(books, one)
    assert evidence["why"] == "the same party, number and amount"
    assert evidence["days"] == 9
    assert [row["key"] for row in evidence["rows"]] == ["ledger b", "ledger a"]
    assert evidence["rows"][1]["amount"] == "123.45 GBP"


def test_many_rows_of_one_pair():
    rows = [bill(f"{at}", at // 50, document=f"{at % 977}") for at in range(100_000)]
    books = payments(*rows)
    pairs(books)


@pytest.mark.parametrize("seed", [7, 11, 23])
def test_against_the_truth(seed):
    books = demo(seed)
    place = books.place
    nothing = np.full(len(books.payments), "", dtype=object)
    duplicates = pairs(books.payments, Stated(books.accounts, nothing), books.kinds)
    claimed = {(duplicate.later, duplicate.original) for duplicate in duplicates}
    pair = {
        (place[true_one.row], place[true_one.original]): true_one
        for true_one in books.truth.duplicates
    }
    echoes = {ends for ends, true_one in pair.items() if true_one.echo}
    true = pair.keys() - echoes
    claimed -= echoes
    assert len(claimed & true) / len(claimed) >= 0.95
    assert len(claimed & true) / len(true) >= 0.9


def test_what_is_sought_of_some_rows_is_what_all_rows_say_of_them():
    books = demo(1)
    made, nothing = books.payments, np.full(len(books.payments), "", dtype=object)
    stated, charges = Stated(books.accounts, nothing), fees.find(books.payments)
    same = same_transaction.find(made, books.kinds)
    reversed_by = reversals.find(made, same, charges)
    every = fraud.find(made, stated, same, charges, reversed_by)
    rng = np.random.default_rng(1)
    ends = np.array([end for one in every for end in (one.later, one.original)])
    for _ in range(3):
        about = np.union1d(rng.choice(ends, 12), rng.integers(0, len(made), 100))
        some = fraud.find(made, stated, same, charges, reversed_by, about=about)
        rows = set(about.tolist())
        expected = [replace(one, case="") for one in every if {one.later, one.original} & rows]
        assert [replace(one, case="") for one in some] == expected
        assert some


def unnumbered(*gaps_and_amounts, **values):
    """Ten transfers of amounts of their own, and two of 417.23 by the given days apart."""
    usual = [(30 * at, 100.31 + 7 * at) for at in range(10)]
    again = [(40, 417.23), *((40 + gap, amount) for gap, amount in gaps_and_amounts)]
    return found(
        *({"key": f"{at}", "day": day, "amount": amount, "source": "bank", **values}
          for at, (day, amount) in enumerate(usual + again))
    )  # fmt: skip


def test_an_odd_amount_again_without_a_number():
    assert unnumbered((9, 417.23)) == {("11", "10", "same_amount")}


@pytest.mark.parametrize(
    ("again", "values"),
    [
        ([(30, 417.23)], {}),  # a month
        ([(9, 417.23), (20, 417.23)], {}),
        ([(60, 417.23)], {}),
        ([(0, 417.23)], {}),
        ([(9, 417.24)], {}),
        ([(9, 417.23)], {"source": "card"}),
    ],
)
def test_an_amount_that_may_come_again(again, values):
    assert unnumbered(*again, **values) == set()


def wages(*more, equal=()):
    """Twelve weeks' wages of unlike odd amounts, but for the weeks that are `equal`."""
    weeks = [(7 * at, 417.23 if at in equal else 400.31 + 7 * at) for at in range(12)]
    return found(
        *({"key": f"{at}", "day": day, "amount": amount, "source": "bank", "description": "Wages"}
          for at, (day, amount) in enumerate(sorted([*weeks, *more])))
    )  # fmt: skip


def test_wages_are_equal_by_chance_each_in_its_turn():
    assert wages(equal=(4, 6)) == set()
    assert wages((45, 421.31)) == {("7", "3", "same_amount")}  # one more, beside a week's
    assert wages((42, 421.31)) == {("6", "3", "same_amount")}


def test_amounts_of_a_price_list_say_nothing():
    prices = [{"key": f"{at}", "day": at, "amount": 3.5 + at % 4, "source": "bank"}
              for at in range(8)]  # fmt: skip
    assert found(*prices) == set()


def test_a_number_that_ends_like_a_mark():
    rows = [bill("a", 0, document="64218/24"), bill("b", 9, document="64218/24.1")]
    assert found(*rows) == {("b", "a", "number_suffix")}
    rows = [
        bill("a", 0, document="A211B"),
        bill("b", 9, 100, "A211B-1"),
        bill("c", 9, 23.45, "A211B-2"),
    ]
    assert found(*rows) == {("b", "a", "split"), ("c", "a", "split")}


def test_slips_that_are_none():
    """The next invoices of a sequence, two purchases by card, a mandate's number."""
    rows = [bill(f"{at}", 60 * (at // 2), 100 + at % 2, f"INV-{number}")
            for at, number in enumerate((10477, 10478, 10747, 10748))]  # fmt: skip
    assert found(*rows) == set()
    entered = [bill("a", 0, document="79324"), bill("b", 3, document="79342")]
    lines = [{"key": f"c{day}", "day": day, "amount": 123.45, "source": "card"} for day in (0, 3)]
    assert found(*entered) == {("b", "a", "transposed_number")}
    assert found(*entered, *lines) == set()
    owed = (2362.02, 1911.4, 2044.6, 2360.22)
    assert (
        found(*(bill(f"{at}", 91 * at, amount, "VAT236615") for at, amount in enumerate(owed)))
        == set()
    )


def cases(*rows):
    books = payments(*rows)
    keys = books.external_id
    return {(keys[duplicate.later], duplicate.case) for duplicate in pairs(books)}


def test_a_case_number_is_no_invoice_number():
    """One case, paid for over months: the second 600 is the next instalment."""
    sums = zip((0, 31, 62, 93), (600, 2000, 700, 600), strict=True)
    rows = [bill(f"c{day}", day, amount, document="CASE 4711") for day, amount in sums]
    assert found(*rows) == set()


def test_a_number_that_was_once_paid_in_part_is_less_sure():
    sure, unsure = (
        [duplicate.confidence for duplicate in pairs(payments(*rows))]
        for rows in (
            [bill("a", 0, 600), bill("b", 9, 600)],
            [bill("a", 0, 600), bill("p", 4, 150), bill("b", 9, 600)],
        )
    )
    assert sure[0] > 0.9
    assert 0.5 <= unsure[0] < 0.6


def test_neighbouring_numbers_of_equal_amounts_are_a_series():
    """2022/012, 2022/015, 2022/018, 2022/021: one of them is no slip for another."""
    rows = [bill(f"m{at}", 30 * at, 80, document=f"2022/0{12 + 3 * at}") for at in range(4)]
    assert found(*rows) == set()
    assert found(rows[0], bill("s", 20, 80, document="2022/021")) == {
        ("s", "m0", "transposed_number")
    }


def test_lines_of_one_invoice_are_one_case():
    lines = [bill(f"a{at}", 0, 10 + at) for at in range(3)]
    again = [bill(f"b{at}", 20, 10 + at) for at in range(3)]
    assert cases(*lines, *again) == {(f"b{at}", "ledger b0") for at in range(3)}


def test_a_batch_paid_twice_is_one_case():
    def batch(name, day):
        return [bill(f"{name}{n}", day, 70 + n, document=f"INV-80{n}1") for n in range(5)]

    other = [bill("x", 3, 31, document="INV-99123"), bill("y", 25, 31, document="INV-99123")]
    case_of = cases(*batch("a", 0), *batch("b", 20), *other)
    assert case_of == {*((f"b{at}", "ledger b0") for at in range(5)), ("y", "ledger y")}
