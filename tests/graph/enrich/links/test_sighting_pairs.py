"""Which pairs of rows together say of each payment what its sightings are."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from graph.enrich.columns.taken_apart import TakenApart
from graph.enrich.links.sighting_pairs import Pairs, consistent

BANK, CARD, LEDGER = 0, 1, 2


def pairs(*ends: tuple[int, int]) -> Pairs:
    one, other = np.array(ends).T
    numbers = np.zeros(len(one))
    return Pairs(one, other, one, numbers, numbers, numbers, numbers.astype(bool))


def connected(*ends: tuple[int, int], apart: tuple[tuple[int, int], ...] = ()) -> list[Any]:
    """The pairs that stay, of rows of a bank, a card and a ledger without account statements."""
    both_ways = frozenset({*apart, *(pair[::-1] for pair in apart)})
    payments: Any = SimpleNamespace(
        source=["bank", "card", "ledger"], apart=TakenApart({"same_transaction": both_ways})
    )
    statements: Any = SimpleNamespace(apart=lambda one, other: np.zeros(len(one), dtype=bool))
    left = consistent(payments, pairs(*ends), statements)
    return list(zip(left.one.tolist(), left.other.tolist(), strict=True))


def test_three_sources_of_one_payment_are_connected():
    assert connected((CARD, LEDGER), (BANK, CARD)) == [(CARD, LEDGER), (BANK, CARD)]


def test_two_rows_that_people_took_apart_are_not_connected_through_a_third():
    ends = (CARD, LEDGER), (BANK, CARD)
    assert connected(*ends, apart=((BANK, LEDGER),)) == [(CARD, LEDGER)]
