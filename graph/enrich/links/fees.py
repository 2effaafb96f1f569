"""What a payment cost: the bank's or the processor's charge for it.

A charge is a row of the same source, at most three days from its payment and, where both are of
one currency, small beside it. It is its payment's by what both state: the reference, the words
('INTERNATIONAL PAYMENT FEE' of 'INTERNATIONAL PAYMENT'), or one party that pays out and keeps a
share; or by its rate and the clock (`rate_fees`). Each charge has one payment and each payment one
charge: an assignment (`assignment`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.payments import UNIT, Ints, Payments
from graph.enrich.links import rate_fees
from graph.enrich.links.assignment import assign
from graph.enrich.series.detect import stem
from graph.enrich.write.counts import Counts
from graph.enrich.write.write_links import Link, write

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

METHOD = "fee_of"
DAYS = 3  # between a payment and its charge
NEAR = 60  # rows before and after a charge that are considered
RATE = 0.1  # of the payment; a charge of more is none, unless it is a fixed one
FIXED = 0.5  # of the payment, for a charge that its party makes again and again alike
OFTEN = 3  # times
AT_RATE = 4.0  # points of a charge at its party's rate in the minute of its payment
LEAST = 3.0  # points: see `_points`
_FEE = re.compile(
    r"(?<![^\W_])(?:fees?|charges?|commissions?|geb[uü]hr(?:en)?|entgelt|frais|commissione"
    r"|comisi[oó]n|kosten|provision|avgift|gebyr)(?![^\W_])",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"(?<![^\W_])(?:refund(?:ed|s)?|returned|revers(?:al|ed)|erstattung|remboursement)"
    r"(?![^\W_])(?P<of>\s+of(?![^\W_]))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fees:
    """Places of the charge and of its payment, the points that speak for it, and the rate that its
    party is known to take (0: found by what both state)."""

    fee: Ints
    payment: Ints
    points: Floats
    rate: Floats


def enrich(user_id: UUID, payments: Payments, fees: Fees | None = None) -> Counts:
    """Write the tenant's fee_of links as found now."""
    return write(user_id, METHOD, links(payments, fees if fees is not None else find(payments)))


def find(payments: Payments) -> Fees:
    """The charges and their payments."""
    fee, payment = _candidates(payments)
    points = _points(payments, fee, payment)
    at_rate = rate_fees.find(payments)
    timestamp = payments.day * 86_400 if payments.timestamp is None else payments.timestamp
    seconds = np.abs(timestamp[at_rate.fee] - timestamp[at_rate.payment])
    fee, payment = np.append(fee, at_rate.fee), np.append(payment, at_rate.payment)
    points = np.append(points, AT_RATE + 1 - seconds / rate_fees.CLOCK)
    rate = np.append(np.zeros(len(fee) - len(at_rate.rate)), at_rate.rate)
    assigned = np.flatnonzero(assign(fee, payment, points - LEAST + 0.5))
    return Fees(fee[assigned], payment[assigned], points[assigned], rate[assigned])


def links(payments: Payments, fees: Fees) -> Iterator[Link]:
    """From the charge's payee posting to the payment's."""
    columns = (fees.fee, fees.payment, fees.points, fees.rate)
    for fee, payment, points, rate in zip(*columns, strict=True):
        known_by = (
            f"at {rate:.2%}, the rate that its party takes within a minute"
            if rate
            else f"{points:.0f} of 8 points by reference, words, party and day"
        )
        reason = (
            f"row {payments.external_id[fee]} ('{payments.description[fee]}') charges "
            f"{payments.amount[fee] / UNIT:,.2f} {payments.currency[fee]} for the "
            f"{payments.amount[payment] / UNIT:,.2f} {payments.currency[payment]} of row "
            f"{payments.external_id[payment]}, {abs(payments.day[fee] - payments.day[payment])} "
            f"days apart; {known_by}"
        )
        confidence = float(1 - 0.25 ** (points - 2))
        ends = (payments.payee_event[fee], payments.payee_event[payment])
        yield Link(*ends, "fee_of", min(confidence, 0.99), reason)


def _candidates(payments: Payments) -> tuple[Ints, Ints]:
    """Charges by their words, with the larger rows of their source around them.

    To some a 'charge' is the payment itself: its fee goes by another word.
    """
    worded = np.array([_is_worded(text) for text in payments.description], dtype=bool)
    pairs: list[tuple[Ints, Ints]] = []
    for source in sorted(set(payments.source)):
        rows = np.flatnonzero((payments.source == source) & (payments.amount > 0))
        at = np.flatnonzero(worded[rows])
        for step in (*range(-NEAR, 0), *range(1, NEAR + 1)):
            those = at[(at + step >= 0) & (at + step < len(rows))]
            fee, payment = rows[those], rows[those + step]
            near = abs(payments.day[fee] - payments.day[payment]) <= DAYS
            pairs.append((fee[near], payment[near]))
    none = np.zeros(0, dtype=np.int64)
    fee = np.concatenate([none, *(one for one, _ in pairs)])
    payment = np.concatenate([none, *(other for _, other in pairs)])
    elsewhere = (payments.currency[fee] != payments.currency[payment]).astype(bool)
    small = payments.amount[fee] <= _share(payments)[fee] * payments.amount[payment]
    wording = codes(np.array([stem(text) for text in payments.description], dtype=object))
    fits = (small | elsewhere) & (~worded[payment] | (wording[fee] != wording[payment]))
    side = sides(payments)  # a line of the same bill is no charge for it, nor what its party allows
    is_cost = side.outgoing[fee] & ~side.outgoing[payment]
    fits &= (side.party[fee] != side.party[payment]) | is_cost
    return fee[fits], payment[fits]


@lru_cache(maxsize=65_536)
def _is_worded(text: str) -> bool:
    """Whether the words are a charge's, and not those of a charge that is given back."""
    fee, back = _FEE.search(text), _BACK.search(text)
    if not fee or not back:
        return bool(fee)
    return fee.start() > back.start() and not back["of"]  # 'returned item fee' is a charge


def _share(payments: Payments) -> Floats:
    """What a charge may be of its payment: more for one that is always the same."""
    party = sides(payments).party
    alike = codes(party, payments.amount)
    return np.where(np.bincount(alike)[alike] >= OFTEN, FIXED, RATE)


def _points(payments: Payments, fee: Ints, payment: Ints) -> Floats:
    """3 one reference (less 3: another one), 2 the payment's words, 2 its party, 1 its day."""
    side = sides(payments)
    has_number = np.array([bool(those) for those in numbers.named(payments)], dtype=bool)
    shared = numbers.index(payments).share(fee, payment)
    other = has_number[fee] & ~shared
    words = _are_said_of(payments, fee, payment)
    points = 3.0 * shared - 3.0 * other + 2.0 * words
    points += 2.0 * (side.party[fee] == side.party[payment])
    points += 1.0 - abs(payments.day[fee] - payments.day[payment]) / DAYS
    points += np.where(side.own[fee] == side.own[payment], 0.2, 0.0)
    return np.asarray(points, dtype=np.float64)


def _are_said_of(payments: Payments, fee: Ints, payment: Ints) -> Flags:
    """Whether the charge's words without those for a charge are the payment's."""
    texts = payments.description
    rest = np.array([_without_fee(text) for text in texts], dtype=object)
    whole = np.array([_in_lower_case(text) for text in texts], dtype=object)
    wording = codes(np.concatenate([rest, whole]))
    return np.asarray((wording[fee] == wording[len(texts) + payment]) & (rest[fee] != ""))


@lru_cache(maxsize=65_536)
def _without_fee(text: str) -> str:
    return " ".join(_FEE.sub(" ", text).casefold().split())


@lru_cache(maxsize=65_536)
def _in_lower_case(text: str) -> str:
    return " ".join(text.casefold().split())
