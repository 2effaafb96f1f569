"""Finds charges of a constant rate that occur in the minute of their payment and go to a party of
their own.

They need no common words or numbers: a platform may take 2 % of each donation a second after it.
The rate is learned for each source and party. It is the densest window of the ratios between its
rows and those of other parties within a minute. It counts if most of the party's rows have a
payment at that rate; by chance, a ratio falls into the window once in a hundred times. The
remaining rows may have another rate, which is found in the same way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import are, codes, groups
from graph.enrich.columns.payments import Ints, Payments

Floats = NDArray[np.float64]

CLOCK = 60  # seconds between a payment and its charge
NEAR = 6  # rows before and after a charge that are compared
MOST = 0.2  # largest share of the payment
WIDE = 0.03  # share of the rate by which a charge may deviate, or a cent
CENT = 100  # a cent in 1/10,000
FEWEST, SHARE = 10, 0.6  # least rows of a party, and share with a payment at its rate


@dataclass(frozen=True)
class RateFees:
    """Charges and payments, as row numbers, and the rate of each charge's party: the charge over
    the payment."""

    fee: Ints
    payment: Ints
    rate: Floats


def find(payments: Payments) -> RateFees:
    """Return the candidates: for each charge, all payments within a minute at the rate of the
    charge's party."""
    fee, payment = _in_one_minute(payments)
    ratio = payments.amount[fee] / np.maximum(payments.amount[payment], 1)
    parts: list[Ints] = [np.zeros(0, dtype=np.int64)]
    rates: list[Floats] = [np.zeros(0)]
    party = codes(payments.source, payments.currency, sides(payments).party)
    rows, outgoing = np.bincount(party), sides(payments).outgoing
    for every in groups(party[fee], least=FEWEST):
        way = outgoing[fee[every]]  # a row against its party's usual direction gives a charge back
        some = every[way == (2 * way.sum() > len(way))]
        if len(some) < FEWEST:
            continue
        most = SHARE * rows[party[fee[some[0]]]]
        while len(some) >= FEWEST:  # there may be several rates, as for foreign cards
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
    """Return (charges, payments): pairs of a row and a larger row of another party, in one source
    and currency, within a minute.

    Only rows with a time of day are paired.
    """
    none = np.zeros(0, dtype=np.int64)
    pairs: list[tuple[Ints, Ints]] = [(none, none)]
    if payments.timestamp is None:
        return none, none
    timed = are(payments.precision, "second") & (payments.amount > 0)
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
    """Return the most frequent ratio: the middle of the window that contains the most ratios,
    compared by their logarithms."""
    ordered = np.sort(np.log(ratios))
    inside = np.searchsorted(ordered, ordered + 2 * WIDE, side="right") - np.arange(len(ordered))
    first = int(inside.argmax())
    return float(np.exp(np.median(ordered[first : first + int(inside[first])])))


def _is_at(payments: Payments, fee: Ints, payment: Ints, rate: float) -> Ints:
    due = rate * payments.amount[payment]
    return np.asarray(np.abs(payments.amount[fee] - due) <= np.maximum(WIDE * due, CENT))
