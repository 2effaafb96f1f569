"""Two sources' series of the same payments: the one that lacks payments expects nothing."""

from datetime import date

import numpy as np

from graph.enrich.columns.payments import Payments
from graph.enrich.links.sighting_pairs import Pairs
from graph.enrich.series.detect import find
from graph.enrich.series.forecast import courses
from graph.enrich.series.other_views import behind
from tests.graph.enrich.small_books import every, payments

FIRST = date(2024, 1, 5)


def pairs(books: Payments) -> Pairs:
    """Rows of two sources on one day record one payment."""
    cards, ledger = (np.flatnonzero(books.source == source) for source in ("card", "ledger"))
    one, other = np.nonzero(books.day[cards][:, None] == books.day[ledger][None, :])
    zeros = np.zeros(len(one))
    days = zeros.astype(np.int64)
    flags = zeros.astype(bool)
    return Pairs(cards[one], ledger[other], days, zeros, zeros, zeros, flags)


def sources_behind(cards: int, entries: int, *, payee: int = 1) -> list[str]:
    books = payments(
        every(7, FIRST, cards, source="card")
        + every(7, FIRST, entries, source="ledger", payee=payee)
    )
    series = courses(books, find(books))
    at = behind(books, series, pairs(books))
    return [str(books.source[series[place].last[-1]]) for place in sorted(at)]


def test_the_one_that_stopped_while_the_other_went_on():
    assert sources_behind(40, 38) == ["ledger"]
    assert sources_behind(38, 40) == ["card"]


def test_the_parties_spelling_does_not_matter():
    assert sources_behind(40, 38, payee=3) == ["ledger"]


def test_both_up_to_date():
    assert sources_behind(40, 40) == []


def test_other_payments_are_no_sightings():
    books = payments(every(7, FIRST, 40, source="card") + every(7, FIRST, 38, source="ledger"))
    series = courses(books, find(books))
    assert behind(books, series, pairs(books).only(np.zeros(0, dtype=np.int64))) == set()
