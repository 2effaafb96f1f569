"""Payments for all that came since the last one: claims, a card's month."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.payments import UNIT
from graph.enrich.links import batch_chains, batches, same_transaction
from tests.graph.enrich.handmade import payments

SHOPS = ["Elm Hotel", "Oak Taxis", "Fen Bakery"]
CLAIMED = [(0, 12.5), (0, 7), (3, 20), (9, 31.4), (15, 8.8), (16, 9.1), (23, 40), (29, 5.25)]
RUNS = [(7, 39.5), (14, 31.4), (21, 17.9), (30, 45.25)]  # what they come to, every week or so


def claim(at, day, amount, **row):
    return {"key": f"c{at}", "source": "claims", "day": day, "amount": amount, **row}


def paid(at, day, amount, **row):
    return {"key": f"p{at}", "source": "bank", "own": "Current account", "day": day,
            "amount": amount, **row}  # fmt: skip


def claims(**row):
    return [claim(at, *values, **row) for at, values in enumerate(CLAIMED)]


def runs(**row):
    return [paid(at, *values, **row) for at, values in enumerate(RUNS)]


def found(*rows):
    """Payment → rows, by their keys."""
    books = payments(*rows)
    pairs = same_transaction.find(books)
    key = books.external_id
    return {
        key[batch.payment]: {key[row] for row in batch.rows.tolist()}
        for batch in batches.find(books, pairs, sides(books).party)
    }


WHOLE = {"p0": {"c0", "c1", "c2"}, "p1": {"c3"}, "p2": {"c4", "c5"}, "p3": {"c6", "c7"}}


def test_claims_are_paid_run_by_run():
    assert found(*claims(), *runs()) == WHOLE


def test_a_card_s_month_is_paid_to_the_bank():
    """Nobody's name is theirs who are paid; that it goes on and on shows it."""
    rng, rows, expected = np.random.default_rng(1), [], {}
    for month in range(10):
        cents = rng.integers(500, 9_000, 6).tolist()
        lines = [
            claim(f"{month}.{at}", 30 * month + 4 * at, cent / 100, own="Card 1", party=shop)
            for at, (cent, shop) in enumerate(zip(cents, SHOPS * 2, strict=True))
        ]
        back = int(rng.integers(100, 900))
        refund = {"own": "Card 1", "party": SHOPS[0]}
        lines.append(claim(f"{month}.r", 30 * month + 21, -back / 100, **refund))
        owed = (sum(cents) - back) / 100
        rows += [*lines, paid(month, 30 * month + 40, owed, party="Lydmere Bank")]
        rows.append(paid(f"fee{month}", 30 * month + 12, 3.2, party="Lydmere Bank"))
        expected[f"p{month}"] = {line["key"] for line in lines}
    assert found(*rows) == expected


def card_months(currency: str, lines_of):
    """Ten months of a card and the bank's debits for them. `lines_of(month)` has (day, cents)."""
    rows, expected = [], {}
    for month in range(10):
        lines = [
            claim(f"{currency}{month}.{at}", 30 * month + day, cents / 100, own="Card 1",
                  party=SHOPS[at % 3], currency=currency)
            for at, (day, cents) in enumerate(lines_of(month))
        ]  # fmt: skip
        owed = sum(cents for _, cents in lines_of(month)) / 100
        own = {"party": "Lydmere Bank", "currency": currency}
        rows += [*lines, paid(f"{currency}{month}", 30 * month + 31, owed, **own)]
        expected[f"p{currency}{month}"] = {line["key"] for line in lines}
    return rows, expected


def subscriptions(month):
    return [(4, 900), (9, 8_787)]


def test_a_card_s_months_of_one_amount_are_paid_to_the_bank_that_is_paid_in_another_currency():
    rng = np.random.default_rng(1)
    cents = rng.integers(500, 9_000, (10, 6)).tolist()
    days = range(2, 26, 4)
    of_month = [list(zip(days, some, strict=True)) for some in cents]
    pounds, expected = card_months("GBP", of_month.__getitem__)
    dollars, of_dollars = card_months("USD", subscriptions)
    assert found(*pounds, *dollars) == expected | of_dollars
    assert found(*dollars) == {}, "one amount alone is no evidence"


@pytest.mark.parametrize(
    "changed",
    [
        {"currency": "EUR"},
        {"source": "claims"},
        {"party": "Oak Water", "amount": 17.77},
        {"due": 400},
        {"day": 400},
    ],
)
def test_what_is_no_batch(changed):
    assert found(*claims(), *({**run, **changed} for run in runs())) == {}


def test_one_payment_of_strangers_is_chance():
    assert found(*claims(), *(run | {"party": "Oak Water"} for run in runs()[:2])) == {}


def test_one_payment_of_the_party_is_told_by_its_sum():
    assert found(*claims(), runs()[0]) == {"p0": {"c0", "c1", "c2"}}


def test_entries_that_two_sources_state_are_no_batches():
    """A standing order that the ledger enters: one row each."""
    rows = [
        row
        for at in range(12)
        for row in (paid(at, 30 * at, 10.0 + at), claim(at, 30 * at, 10.0 + at, source="ledger"))
    ]
    assert found(*rows) == {}


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(-3, 9)), min_size=2, max_size=14),
    st.integers(1, 20), st.integers(0, 60),
)  # fmt: skip
def test_runs_are_those_of_the_obvious_way(rows, amount, day):
    rows = [(d, a) for d, a in sorted(rows) if a]
    paid_rows = payments(*(claim(at, *row) for at, row in enumerate(rows)), paid(0, day, amount))
    books = batches._Books(paid_rows, same_transaction.find(payments()), sides(paid_rows).party)
    of = np.flatnonzero(paid_rows.source == "claims")
    if not len(of):
        return
    paying = np.flatnonzero(paid_rows.source == "bank")
    runs_ = books.runs(of, int(books.source[paying[0]]), set())
    [low], [high] = runs_.spans(paid_rows, paying)
    actual = {
        tuple(runs_.within(runs_.first[at], runs_.last[at]).tolist()) for at in range(low, high)
    }
    days = sorted(set(paid_rows.day[of].tolist()))
    expected = set()
    for since, until in combinations([*days, 10**6], 2):
        some = [row for row in of.tolist() if since <= paid_rows.day[row] < until]
        last = max(paid_rows.day[row] for row in some)
        total = abs(sum(books.signed[row] for row in some))
        if total == amount * UNIT and day - batches.LATE <= last <= day:
            expected.add(tuple(some))
    assert actual == expected


def chains(choices, at=0, until=0):
    """Every choice of runs that do not overlap, in the order of payments."""
    if at == len(choices):
        yield []
        return
    yield from chains(choices, at + 1, until)
    for run in choices[at]:
        if run[0] >= until:
            yield from ([(at, run), *rest] for rest in chains(choices, at + 1, run[1]))


def links(chain):
    return sum(one[1][1] == other[1][0] for one, other in pairwise(chain))


BOUNDS = 7
RUN = st.tuples(st.integers(0, BOUNDS - 1), st.integers(1, BOUNDS)).filter(lambda r: r[0] < r[1])


@given(st.lists(st.lists(RUN, max_size=3, unique=True), max_size=5))
def test_no_chain_has_more_links(choices):
    chain = [(at, run) for at, run, _ in batch_chains.chained(choices, BOUNDS + 1)]
    assert chain in list(chains(choices))
    assert links(chain) == max(map(links, chains(choices)))
