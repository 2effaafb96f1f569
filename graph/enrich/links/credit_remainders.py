"""Finds out whether another source has a payment of what a credit note left of an invoice."""

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers, ragged
from graph.enrich.columns.counterparties import Sides
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.name_similarity import likeness
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.series.activity import FAR

Flags = NDArray[np.bool_]

NEAR = 25  # owners of one number that are compared
MANY, ALIKE = 60, 0.5  # rows compared per amount; least similarity of one party's names
OPEN = 120  # days within which the rest of an invoice is paid


def are_left_paid(payments: Payments, side: Sides, later: Ints, first: Ints) -> Flags:
    """For each pair, return whether another source has a fitting payment to a party with a similar
    name.

    The payment has exactly the amount that is left of `first`. Or it names `first` among others,
    and is less than all of them by the credited amount.
    """
    if len(set(payments.source.tolist())) < 2:
        return np.zeros(len(later), dtype=bool)
    return _is_rest_paid(payments, side, later, first) | _is_less_than_named(payments, later, first)


def _is_rest_paid(payments: Payments, side: Sides, later: Ints, first: Ints) -> Flags:
    """For each pair, return whether another source has a payment of the rest within OPEN days. Only
    the first MANY payments of an amount are compared."""
    rest = payments.amount[first] - payments.amount[later]
    cell = codes(
        np.concatenate([payments.currency, payments.currency[first]]),
        np.concatenate([side.outgoing, side.outgoing[first]]),
        np.concatenate([payments.amount, rest]),
    )
    rows = np.argsort(cell[: len(payments)], kind="stable")  # ordered by day within each cell
    keys = cell[rows] * FAR + payments.day[rows]
    targets = cell[len(payments) :] * FAR + payments.day[first]
    begin = np.searchsorted(keys, targets, side="right")
    end = np.minimum(np.searchsorted(keys, targets + OPEN, side="right"), begin + MANY)
    at, of = ragged.between(begin, end)
    row = rows[at]
    elsewhere = (payments.source[row] != payments.source[first[of]]).astype(bool)
    row, of = row[elsewhere], of[elsewhere]
    alike = likeness(payments.entities).of(side.party[row], side.party[first[of]]) >= ALIKE
    is_paid = np.zeros(len(later), dtype=bool)
    is_paid[of[alike]] = True
    return is_paid


def _is_less_than_named(payments: Payments, later: Ints, first: Ints) -> Flags:
    """For each pair, return whether a row of another source names the original's number, and is
    less than all that it names by exactly the reversal's amount."""
    owner, less = less_than_named(payments)
    amounts = codes(np.concatenate([less, payments.amount[later]]))
    size = np.int64(int(amounts.max(initial=0)) + 1)
    rest_cells = owner * size + amounts[: len(less)]
    return np.asarray(np.isin(first * size + amounts[len(less) :], rest_cells), dtype=bool)


def less_than_named(payments: Payments) -> tuple[Ints, Ints]:
    """The rows whose number a row of another source names, and the amount by which this row is less
    than all that it names."""
    pairs, source = numbers.mentions(payments), codes(payments.source)
    elsewhere = source[pairs.owner] != source[pairs.by]
    pairs = pairs.only(elsewhere & (pairs.rank < NEAR))
    less = -payments.amount
    np.add.at(less, pairs.by, payments.amount[pairs.owner])
    credited = pairs.only(less[pairs.by] > 0)
    return credited.owner, less[credited.by]
