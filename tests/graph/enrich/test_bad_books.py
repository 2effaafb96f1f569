"""Every detector of links survives what books may hold, and invents nothing."""

import numpy as np
import pytest

from graph.enrich import fraud
from graph.enrich.columns.counterparties import sides
from graph.enrich.fraud import Stated
from graph.enrich.links import (
    batches,
    fees,
    near_in_time,
    references,
    reversals,
    same_transaction,
    settlements,
)
from tests.graph.enrich.handmade import payments

SOURCES = ("ledger", "card", "bank")


def everything(made):
    nothing = np.full(len(made), "", dtype=object)
    pairs = same_transaction.find(made)
    charges = fees.find(made)
    reversed_by = reversals.find(made, pairs, charges)
    return [
        list(same_transaction.links(made, pairs)),
        list(fees.links(made, charges)),
        list(reversals.links(made, reversed_by)),
        list(settlements.links(made, settlements.find(made, pairs, charges, reversed_by))),
        list(references.links(made, references.find(made))),
        fraud.find(made, Stated(nothing, nothing), pairs, charges, reversed_by),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{}],
        [{"amount": 0}] * 5,
        [{"amount": -3}] * 5,
        [{"source": source} for source in SOURCES for _ in range(50)],
        [{"day": day, "source": source} for day in (-719_162, 2_932_896) for source in SOURCES],
        [{"day": day, "due": day, "document": "1"} for day in (-719_162, 0, 2_932_896)],
        [{"party": "", "document": "---", "description": "/"}] * 3,
        [{"currency": currency, "source": source} for currency in "AB" for source in SOURCES],
    ],
)
def test_no_error_and_sane_confidences(rows):
    for links in everything(payments(*rows)):
        assert all(0 <= getattr(link, "confidence") <= 1 for link in links)  # noqa: B009


def test_strangers_with_chance_amounts_are_nothing():
    """Amounts that coincide, of parties that do not, all over the year."""
    rng = np.random.default_rng(5)
    names = [f"{a}{b} {c}" for a in ("Elm", "Oak", "Fen") for b in ("dale", "gate") for c in "XYZ"]
    rows = [
        {"day": int(rng.integers(365)), "source": source, "amount": int(rng.integers(5, 500)),
         "party": names[at] if source == "ledger" else names[at][::-1], "document": f"{source}{n}"}
        for n in range(400) for source in SOURCES for at in [int(rng.integers(len(names)))]
    ]  # fmt: skip
    assert [len(links) for links in everything(payments(*rows))] == [0] * 6


def many(count, sources=("ledger",), prices=90_000):
    """Rows of one pair over two years, of many distinct amounts."""
    rng = np.random.default_rng(6)
    days, amounts = rng.integers(0, 700, count), rng.integers(1, prices, count)
    ends = zip(days.tolist(), (amounts / 100).tolist(), strict=True)
    rows = [{"day": day, "amount": amount} for day, amount in ends]
    return payments(*({**row, "source": sources[at % len(sources)]} for at, row in enumerate(rows)))


def test_100_000_rows_of_one_pair():
    """It ends, and rows of one source are neither each other's views nor payments."""
    links = everything(many(100_000))
    assert [len(links[at]) for at in (0, 1, 3, 4)] == [0] * 4


@pytest.mark.parametrize("prices", [3, 400, 90_000])
def test_candidates_stay_few_in_two_sources(prices):
    """However few amounts there are, a row meets a bounded number of others, and a day of runs."""
    payments_ = many(40_000, SOURCES[:2], prices)
    one, _ = same_transaction._candidates(same_transaction._Context(payments_, {}), *SOURCES[:2])
    assert len(one) <= 20_000 * max(near_in_time.FULL**0.5 + 1, 2 * near_in_time.NEAR + 1)
    books = batches._Books(payments_, same_transaction.find(payments()), sides(payments_).party)
    runs = books.runs(np.flatnonzero(payments_.source == SOURCES[0]), -1, set())
    assert len(runs.key) <= batches.LONG * 700


def test_two_sources_of_one_pair_end():
    found = everything(many(100_000, SOURCES[:2]))
    assert all(0 <= link.confidence <= 1 for links in found for link in links)
