"""Each occurrence of a series follows the one before it."""

from datetime import date

import numpy as np

from graph.enrich.links import follows
from graph.enrich.series.detect import find
from graph.enrich.series.forecast import courses
from tests.graph.enrich.small_books import Paid, monthly, number, payments

RENT = monthly(date(2022, 1, 3), 12, amount=900)


def links(books):
    return list(follows.links(books, courses(books, find(books))))


def test_a_chain_from_the_last_to_the_first():
    books = payments(RENT)
    chain = links(books)
    events = books.payee_event.tolist()
    assert [(link.source_event, link.target_event) for link in chain] == list(
        zip(events[1:], events[:-1], strict=True)
    )
    assert {link.type for link in chain} == {"follows"}
    assert all(0.5 < link.confidence <= 1 for link in chain)
    assert (
        chain[0].reason == "row 1 of books is next after row 0 in a monthly series, 31 days later"
    )


def test_what_was_missed_is_told():
    books = payments([*RENT[:6], *RENT[7:]])
    chain = links(books)
    assert len(chain) == 10
    assert [at for at, link in enumerate(chain) if "1 missed between them" in link.reason] == [5]


def test_no_series_no_links():
    assert links(payments([])) == []
    assert links(payments([Paid(number(date(2022, 1, 3)))])) == []
    days = np.random.default_rng(4).integers(19_000, 20_000, 12)
    assert links(payments([Paid(int(day), 900) for day in days])) == []
