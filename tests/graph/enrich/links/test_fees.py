"""Charges and what they are for, in the words of several banks and platforms."""

from dataclasses import replace

import numpy as np
import pytest

from graph.enrich.links import fees
from tests.graph.enrich.handmade import payments


def found(*rows):
    books = payments(*rows)
    keys, charges = books.external_id, fees.find(books)
    return dict(zip(keys[charges.fee], keys[charges.payment], strict=True))


def gift(key, amount, about, kind="charge", party="Ann Field", **row):
    return {"key": key, "source": "platform", "amount": -amount, "document": about,
            "description": kind, "party": party, **row}  # fmt: skip


def fee(key, amount, about, kind="fee", **row):
    return gift(key, -amount, about, kind, "Giving Online", **row)


def test_a_platform_calls_the_payment_itself_a_charge():
    rows = [gift("a", 25, "G0012345"), fee("x", 0.55, "G0012345"),
            gift("b", 10, "G0067890"), fee("y", 0.34, "G0067890")]  # fmt: skip
    assert found(*rows) == {"x": "a", "y": "b"}


def test_gifts_are_no_charges_of_greater_ones():
    assert found(gift("a", 500, "G0012345"), gift("b", 10, "G0067890")) == {}


def test_the_fee_of_a_refund_s_gift_is_the_gift_s():
    rows = [gift("a", 25, "G0012345"), fee("x", 0.55, "G0012345"),
            gift("r", -25, "G0012345", "refund", day=2)]  # fmt: skip
    assert found(*rows) == {"x": "a"}


def transfer(key, amount, words, party="Acme Mills"):
    return {"key": key, "source": "bank", "amount": amount, "description": words, "party": party}


@pytest.mark.parametrize(
    ("kind", "paid"),
    [
        ("INTERNATIONAL PAYMENT FEE", "INTERNATIONAL PAYMENT"),
        ("Entgelt Auslandszahlung", "Auslandszahlung"),
        ("Frais virement", "Virement"),
    ],
)
def test_the_words_of_the_payment(kind, paid):
    others = transfer("o", 800, "Other", "Oak Water")
    assert found(transfer("p", 900, paid), transfer("f", 12, kind, "Bank"), others) == {"f": "p"}


def test_what_a_supplier_allows_is_no_charge():
    rows = [transfer("p", 900, "Temporary staff"), transfer("d", -30, "Commission allowed")]
    assert found(*rows) == {}


def test_a_payout_less_what_the_platform_kept():
    assert found(transfer("p", -900, ""), transfer("f", 9, "Charges")) == {"f": "p"}


def donations(count, seed, *, rate=0.02, fees=1.0):
    """A platform's: each donation, and a second to half a minute later what the platform takes."""
    rng = np.random.default_rng(seed)
    rows, timestamps, true = [], {}, set()
    for at in range(count):
        start = int(rng.integers(0, 300 * 86_400))
        pounds = int(rng.integers(200, 20_000)) / 100
        entries = [(f"g{at}", f"Giver {rng.integers(0, 40)}", -pounds, start)]
        if rng.random() < fees:
            after = start + int(rng.integers(1, 30))
            entries.append((f"f{at}", "Platform", round(rate * pounds, 2), after))
            true.add((f"f{at}", f"g{at}"))
        for key, party, amount, timestamp in entries:
            rows.append({"key": key, "party": party, "amount": amount, "day": timestamp // 86_400})
            timestamps[key] = timestamp
    return timed(rows, timestamps), true


def timed(rows, timestamps):
    """In the order of moments, as payments are read."""
    books = payments(*sorted(rows, key=lambda row: timestamps[row["key"]]))
    timestamp = np.array([timestamps[key] for key in books.external_id], dtype=np.int64)
    seconds = np.full(len(books), "second", dtype=object)
    return replace(books, timestamp=timestamp, precision=seconds)


def facts(made):
    charges = fees.find(made)
    keys = made.external_id
    return set(zip(keys[charges.fee], keys[charges.payment], strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_charges_by_rate_and_clock(seed):
    books, true = donations(400, seed)
    claimed = facts(books)
    assert len(claimed & true) >= 0.95 * len(claimed)
    assert len(claimed & true) >= 0.85 * len(true)
    links = list(fees.links(books, fees.find(books)))
    assert "the rate that its party takes" in links[0].reason
    assert 0.9 < links[0].confidence < 1


def test_rows_of_a_minute_without_a_rate():
    """As many rows beside donations, of any size: another business of the platform."""
    rng = np.random.default_rng(5)
    books, _ = donations(400, 5)
    small = np.flatnonzero([key.startswith("f") for key in books.external_id])
    amount = books.amount.copy()
    amount[small] = rng.integers(100, 30_000, len(small)) * 10
    assert facts(replace(books, amount=amount)) == set()


def test_a_rate_without_a_clock_is_none():
    books, _ = donations(100, 1)
    assert facts(replace(books, timestamp=None)) == set()


def crowded(seed):
    """Two sources with many rows a day: payments, charges that share something with them, and
    charges that share nothing."""
    rng = np.random.default_rng(seed)
    words = ("Transfer", "Transfer fee", "Card payment", "Card payment fee", "Charges", "fee", "")
    return payments(
        *(
            {
                "key": f"r{at}", "source": ("bank", "platform")[int(rng.integers(2))],
                "party": f"Party {rng.integers(12)}", "day": at // 90,
                "amount": float(rng.choice((0, 2, 5, 90, 700, -4, -80, -900))),
                "document": f"G{rng.integers(1000, 1040)}" if rng.random() < 0.5 else "",
                "description": str(rng.choice(words)),
            }
            for at in range(600)
        )
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_candidates_are_those_neighbours_that_may_have_enough_points(seed):
    books = crowded(seed)
    pairs = []
    for source in ("bank", "platform"):
        rows = np.flatnonzero((books.source == source) & (books.amount > 0)).tolist()
        for step in (*range(-fees.NEAR, 0), *range(1, fees.NEAR + 1)):
            pairs += [(row, rows[at + step]) for at, row in enumerate(rows)
                      if 0 <= at + step < len(rows)
                      and fees._is_worded(books.description[row])]  # fmt: skip
    every = np.array(pairs).T
    every = every[:, fees._may_be(books, *every)]
    enough = fees._points(books, *every) > fees.LEAST - 0.5
    candidates = np.stack(fees._candidates(books))
    likely = fees._points(books, *candidates) > fees.LEAST - 0.5
    assert 20 < enough.sum() < len(enough)
    assert candidates[:, likely].tolist() == every[:, enough].tolist()
