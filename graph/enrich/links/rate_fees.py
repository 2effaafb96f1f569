"""Charges of a constant rate, in the minute of their payment, to a party of their own.

No word and no shared number is needed: a platform takes 2 % of each donation a second after it.
The rate is learned of each source and party: of the ratios between its rows and those of other
parties within a minute, the densest window. It is one where most of the party's rows have a payment
at that rate; by chance a ratio falls into the window once in a hundred times. What is left may have
another rate, in the same way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes, groups
from graph.enrich.columns.payments import Ints, Payments

Floats = NDArray[np.float64]

CLOCK = 60  # seconds between a payment and its charge
NEAR = 6  # rows before and after a charge that are looked at
MOST = 0.2  # of the payment
WIDE = 0.03  # of the rate, either way; a cent of a small charge is as good
CENT = 100  # in 1/10,000
FEWEST, SHARE = 10, 0.6  # rows of a party; those of them that have a payment at its rate


@dataclass(frozen=True)
class RateFees:
    """Places of the charge and of its payment, and the rate of the charge's party."""

    fee: Ints
    payment: Ints
    rate: Floats


def find(payments: Payments) -> RateFees:
    """The candidates: of a charge all payments in its minute at its party's rate."""
    fee, payment = _in_one_minute(payments)
    ratio = payments.amount[fee] / np.maximum(payments.amount[payment], 1)
    parts: list[Ints] = [np.zeros(0, dtype=np.int64)]
    rates: list[Floats] = [np.zeros(0)]
    party = codes(payments.source, payments.currency, sides(payments).party)
    rows, outgoing = np.bincount(party), sides(payments).outgoing
    for every in groups(party[fee], least=FEWEST):
        way = outgoing[fee[every]]  # what goes against its party's way gives a charge back
        some = every[way == (2 * way.sum() > len(way))]
        if len(some) < FEWEST:
            continue
        most = SHARE * rows[party[fee[some[0]]]]
        while len(some) >= FEWEST:  # a rate for cards, another for cards from abroad
            rate = _densest(ratio[some])
            at = some[_is_at(payments, fee[some], payment[some], rate)]
            if len(np.unique(fee[at])) < max(FEWEST, most):
                break
            parts.append(at)
            rates.append(np.full(len(at), rate))
            some = some[~np.isin(fee[some], fee[at])]
            most = SHARE * len(np.unique(fee[some]))
    places = np.concatenate(parts)
    return RateFees(fee[places], payment[places], np.concatenate(rates))


def _in_one_minute(payments: Payments) -> tuple[Ints, Ints]:
    """Rows of a source beside larger ones of another party, both with a time of day."""
    none = np.zeros(0, dtype=np.int64)
    pairs: list[tuple[Ints, Ints]] = [(none, none)]
    if payments.timestamp is None:
        return none, none
    timed = (payments.precision == "second") & (payments.amount > 0)
    party = sides(payments).party
    for rows in groups(codes(payments.source, payments.currency), np.flatnonzero(timed)):
        for step in range(1, min(NEAR, len(rows) - 1) + 1):
            one, other = rows[:-step], rows[step:]
            near = abs(payments.timestamp[other] - payments.timestamp[one]) <= CLOCK
            near &= party[one] != party[other]
            one, other = one[near], other[near]
            pairs += [(one, other), (other, one)]
    fee, payment = (np.concatenate([pair[end] for pair in pairs]) for end in (0, 1))
    small = payments.amount[fee] <= MOST * payments.amount[payment]
    return fee[small], payment[small]


def _densest(ratios: Floats) -> float:
    """The middle of the window of logarithms that has most of the ratios."""
    ordered = np.sort(np.log(ratios))
    inside = np.searchsorted(ordered, ordered + 2 * WIDE, side="right") - np.arange(len(ordered))
    first = int(inside.argmax())
    return float(np.exp(np.median(ordered[first : first + int(inside[first])])))


def _is_at(payments: Payments, fee: Ints, payment: Ints, rate: float) -> Ints:
    due = rate * payments.amount[payment]
    return np.asarray(np.abs(payments.amount[fee] - due) <= np.maximum(WIDE * due, CENT))
