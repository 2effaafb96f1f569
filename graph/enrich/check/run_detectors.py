"""Runs the detectors on the books with the candidates among them."""

from dataclasses import dataclass

from graph.enrich import fraud
from graph.enrich.check.books_with_candidates import Books
from graph.enrich.fraud import Duplicate
from graph.enrich.links import fees, reversals, same_transaction, settlements
from graph.enrich.links.settlements import Settled
from graph.enrich.links.sighting_pairs import Pairs


@dataclass(frozen=True, eq=False)
class Found:
    """The results of the detectors: sightings of one payment, duplicates, and settlements.

    Only duplicates that involve a candidate are included.
    """

    same: Pairs
    duplicates: list[Duplicate]
    settled: list[Settled]


def find(books: Books) -> Found:
    """Return what the detectors find in the books with the candidates. Only duplicates are limited
    to those of the candidates."""
    payments = books.payments
    same = same_transaction.find(payments, books.kinds)
    charges = fees.find(payments)
    reversed_by = reversals.find(payments, same, charges)
    return Found(
        same,
        fraud.find(payments, books.stated, same, charges, reversed_by, about=books.places),
        settlements.find(payments, same, charges, reversed_by),
    )
