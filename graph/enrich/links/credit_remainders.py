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
    """Return, for each pair, whether a row of another source pays what the credit note `later`
    leaves of the invoice `first`.

    That row has exactly the remaining amount, and its party a similar name. Or it names `first`
    among other numbers, and is less than the sum of them by the credited amount.
    """
    if len(set(payments.source.tolist())) < 2:
        return np.zeros(len(later), dtype=bool)
    return _is_rest_paid(payments, side, later, first) | _is_less_than_named(payments, later, first)


def _is_rest_paid(payments: Payments, side: Sides, later: Ints, first: Ints) -> Flags:
    """Return, for each pair, whether another source has a payment of exactly the remaining amount
    within OPEN days.

    Only the first MANY payments of an amount are compared.
    """
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
    """Return, for each pair, whether a row of another source names the number of `first` and is
    less than the sum of all rows that it names by exactly the amount of `later`."""
    owner, less = less_than_named(payments)
    amounts = codes(np.concatenate([less, payments.amount[later]]))
    size = np.int64(int(amounts.max(initial=0)) + 1)
    rest_cells = owner * size + amounts[: len(less)]
    return np.asarray(np.isin(first * size + amounts[len(less) :], rest_cells), dtype=bool)


def less_than_named(payments: Payments) -> tuple[Ints, Ints]:
    """Return (rows, amounts): each row whose number a row of another source names, and by how much
    that other row is less than the sum of all rows that it names.

    Only amounts above zero are returned, in 1/10,000 of the currency's unit.
    """
    pairs, source = numbers.mentions(payments), codes(payments.source)
    elsewhere = source[pairs.owner] != source[pairs.by]
    pairs = pairs.only(elsewhere & (pairs.rank < NEAR))
    less = -payments.amount
    np.add.at(less, pairs.by, payments.amount[pairs.owner])
    credited = pairs.only(less[pairs.by] > 0)
    return credited.owner, less[credited.by]
