"""The views of one payment: which they are, which one counts, which systems saw it. Pure."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from graph.enrich import canonical, cross_platform
from graph.enrich.canonical import View
from tests.graph.enrich.handmade import payments

NAMES = "abcdefgh"
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=10)


@given(PAIRS)
def test_groups_are_what_is_connected(pairs):
    views = [View(name, "bank", "2024-01-01") for name in NAMES]
    groups = canonical.grouped(views, pairs)
    graph = nx.Graph(pairs)
    graph.add_nodes_from(NAMES)
    actual = {frozenset(view.id for view in group) for group in groups}
    assert actual == set(map(frozenset, nx.connected_components(graph)))
    assert sum(map(len, groups)) == len(NAMES)


def counts(*views):
    return min(views, key=canonical._rank).id


def test_a_transfer_counts_then_the_statement_then_the_ledger_then_the_earliest_then_the_least():
    card, other = View("a", "card", "2024-01-01"), View("b", "shop", "2024-01-01")
    ledger, later = View("z", "ledger", "2024-02-01"), View("c", "ledger", "2024-03-01")
    bank = View("y", "bank", "2024-03-05", statement=True)
    payout = View("x", "donations", "2024-03-06", "transfer", statement=True)
    assert counts(card, bank, later, ledger, payout) == "x"
    assert counts(card, bank, later, ledger) == "y"
    assert counts(card, later, ledger) == "z"
    assert counts(other, View("a", "card", "2024-01-02")) == "b"
    assert counts(other, card) == counts(card, other) == "a"


def test_an_invoice_is_no_view_of_its_payment():
    invoice = View("a", "ledger", "2024-01-01", "obligation")
    payment, fee = View("b", "bank", "2024-01-02"), View("c", "ledger", "2024-01-03", "fee")
    pairs = [("a", "b"), ("b", "c")]
    assert canonical._alike([invoice, payment, fee], pairs) == [("b", "c")]


def test_every_system_that_saw_it():
    books = payments(
        {"key": "1", "source": "ledger.a"}, {"key": "2", "source": "card.b"},
        {"key": "3", "source": "bank.c"},
    )  # fmt: skip
    views = {"r1": ["r1", "r2"], "r2": ["r1", "r2"]}
    documents = {"r2": {"gmail": ["m9", "m1"]}}
    both = {"card": ["card.b 2"], "gmail": ["m1", "m9"], "ledger": ["ledger.a 1"]}
    assert cross_platform.seen(books, views, documents) == {"r1": both, "r2": both}


def test_a_view_that_is_no_payment_any_more_is_left_out():
    books = payments({"key": "1"})
    assert cross_platform.seen(books, {"r1": ["r1", "r-gone"]}, {}) == {}
