"""Finds rows that are the charge of a bank or processor for another payment.

A charge is a row of the same source, at most three days from its payment. If both have one
currency, it is small compared with the payment. What both state connects them: the reference, the
words ('INTERNATIONAL PAYMENT FEE' and 'INTERNATIONAL PAYMENT'), or one party that pays out and
keeps a share. Otherwise the charge's rate and time do (`rate_fees`). Each charge has one payment
and each payment one charge (`assignment`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers, ragged
from graph.enrich.columns.column_cache import by_row
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import code_by_text, codes, codes_of_texts, ranks
from graph.enrich.columns.payments import UNIT, Ints, Payments
from graph.enrich.links import rate_fees
from graph.enrich.links.assignment import assign
from graph.enrich.series.activities import stem
from graph.enrich.write.counts import Counts
from graph.enrich.write.write_links import Link, write

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

METHOD = "fee_of"
DAYS = 3  # days between a payment and its charge
NEAR = 60  # rows before and after a charge that are considered
RATE = 0.1  # largest share of the payment, unless the charge is a fixed one
FIXED = 0.5  # largest share of the payment for a charge that its party repeats in the same amount
OFTEN = 3  # equal charges that make a charge a fixed one
AT_RATE = 4.0  # points for a charge at its party's rate within a minute of its payment
LEAST = 3.0  # least points (see `_points`)
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
    """Charges and the payments that they are for, as row numbers.

    `points` says how much connects a pair. `rate` is the known rate of the charge's party, or 0 if
    the rows' statements connect them.
    """

    fee: Ints
    payment: Ints
    points: Floats
    rate: Floats


def enrich(user_id: UUID, payments: Payments, fees: Fees | None = None) -> Counts:
    """Write the tenant's fee_of links, and return the numbers of changed links. `fees` are computed
    if they are not passed."""
    return write(user_id, METHOD, links(payments, fees if fees is not None else find(payments)))


def find(payments: Payments) -> Fees:
    """Return the charges and their payments."""
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
    """Yield links from the charge's payee posting to the payment's."""
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
    """Return (charges, payments): each row whose words are a charge's, with the larger rows near it
    in its source that share a number, the party or the words with it.

    Other pairs never reach LEAST points. Some sources call the payment itself a 'charge', and its
    fee something else.
    """
    nearby = _Nearby.of(payments)
    pairs = [_by_party(payments, nearby), *_by_texts(payments, nearby)]
    fee, payment = (np.concatenate([pair[end] for pair in pairs]) for end in (0, 1))
    possible = _may_be(payments, fee, payment)
    return _in_order(nearby, fee[possible], payment[possible])


def _may_be(payments: Payments, fee: Ints, payment: Ints) -> Flags:
    """Return, for each pair, whether the row `fee` is small and near enough to be a charge for the
    row `payment`.

    It is none if it is a deduction from the payment or has the same words.
    """
    fits = abs(payments.day[fee] - payments.day[payment]) <= DAYS
    currency, wording = codes(payments.currency), codes_of_texts(_stems(payments))
    fits &= (payments.amount[fee] <= _share(payments)[fee] * payments.amount[payment]) | (
        currency[fee] != currency[payment]
    )
    fits &= ~_are_worded(payments).astype(bool)[payment] | (wording[fee] != wording[payment])
    side = sides(payments)  # lines of the same bill, and deductions, are no charges
    is_cost = side.outgoing[fee] & ~side.outgoing[payment]
    return np.asarray(fits & ((side.party[fee] != side.party[payment]) | is_cost))


@dataclass(frozen=True)
class _Nearby:
    """The rows with an amount, ordered by source.

    `source` is each row's source as a number, `place` its position in that order (-1 without an
    amount). `charge` are the rows whose words are a charge's.
    """

    source: Ints
    place: Ints
    charge: Ints

    @classmethod
    def of(cls, payments: Payments) -> "_Nearby":
        source = ranks(payments.source)
        rows = np.flatnonzero(payments.amount > 0)
        order = rows[np.argsort(source[rows], kind="stable")]
        place = np.full(len(payments), -1, dtype=np.int64)
        place[order] = np.arange(len(order), dtype=np.int64)
        worded = _are_worded(payments).astype(bool)
        return cls(source, place, np.flatnonzero(worded & (place >= 0)))

    def sharing(self, rows: Ints, code: Ints, charge: Ints, its: Ints) -> tuple[Ints, Ints]:
        """Return (charges, rows): each charge with the rows near it in its source that have the
        same code.

        `code` has the code of each of `rows`, and `its` that of each of `charge`.
        """
        size = np.int64(int(self.place.max(initial=0)) + 1)
        order = np.argsort(keys := code * size + self.place[rows], kind="stable")
        first = np.maximum(self.place[charge] - NEAR, 0)
        last = np.minimum(self.place[charge] + NEAR, size - 1)
        begin = np.searchsorted(keys[order], its * size + first)
        end = np.searchsorted(keys[order], its * size + last, side="right")
        at, of = ragged.between(begin, end)
        charge, other = charge[of], rows[order[at]]
        beside = (self.source[charge] == self.source[other]) & (charge != other)
        return charge[beside], other[beside]


def _in_order(nearby: _Nearby, charge: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Return the pairs without repetitions, ordered by source, by how many rows are between them,
    and by charge."""
    steps = nearby.place[other] - nearby.place[charge]
    order = np.lexsort((charge, steps, nearby.source[charge]))
    charge, steps = charge[order], steps[order]
    new = (np.diff(charge, prepend=-1) != 0) | (np.diff(steps, prepend=0) != 0)
    return charge[new], other[order][new]


def _by_party(payments: Payments, nearby: _Nearby) -> tuple[Ints, Ints]:
    """Return (charges, payments) of one party: it is paid the charge and pays the payment."""
    side = sides(payments)
    rows = np.flatnonzero((nearby.place >= 0) & ~side.outgoing)
    charge = nearby.charge[side.outgoing[nearby.charge]]
    return nearby.sharing(rows, side.party[rows], charge, side.party[charge])


def _by_texts(payments: Payments, nearby: _Nearby) -> Iterator[tuple[Ints, Ints]]:
    """Yield (charges, rows) twice: the pairs that share a number, and the pairs in which the charge
    states the row's words."""
    stated = numbers.stated(payments)
    with_amount = nearby.place[stated.rows] >= 0
    rows, code = stated.rows[with_amount], stated.codes[with_amount]
    of_charge = _are_worded(payments).astype(bool)[rows]
    yield nearby.sharing(rows, code, rows[of_charge], code[of_charge])
    rows, words = np.flatnonzero(nearby.place >= 0), _in_lower_case(payments)
    code_of, rests = code_by_text(words), _rests(payments)[nearby.charge].tolist()
    its = np.array([code_of.get(rest, -1) if rest else -1 for rest in rests], dtype=np.int64)
    some = its >= 0
    yield nearby.sharing(rows, codes_of_texts(words)[rows], nearby.charge[some], its[some])


@by_row
def _are_worded(payments: Payments) -> list[object]:
    return [_is_worded(text) for text in payments.description]


@by_row
def _stems(payments: Payments) -> list[object]:
    return [stem(text) for text in payments.description]


@lru_cache(maxsize=65_536)
def _is_worded(text: str) -> bool:
    """Return whether the text has words of a charge, and does not say that a charge is given
    back."""
    fee, back = _FEE.search(text), _BACK.search(text)
    if not fee or not back:
        return bool(fee)
    return fee.start() > back.start() and not back["of"]  # 'returned item fee' is a charge


def _share(payments: Payments) -> Floats:
    """Return, for each row, the largest share of a payment that it may be as a charge.

    It is larger for an amount that a party is often paid.
    """
    party = sides(payments).party
    alike = codes(party, payments.amount)
    return np.where(np.bincount(alike)[alike] >= OFTEN, FIXED, RATE)


def _points(payments: Payments, fee: Ints, payment: Ints) -> Floats:
    """Return the points of each pair: 3 for a common number (-3 for different ones), 2 for the
    payment's words, 2 for its party, up to 1 for nearness in days, 0.2 for the same own party."""
    side = sides(payments)
    shared = numbers.index(payments).share(fee, payment)
    other = numbers.named(payments)[fee].astype(bool) & ~shared
    words = _share_words(payments, fee, payment)
    points = 3.0 * shared - 3.0 * other + 2.0 * words
    points += 2.0 * (side.party[fee] == side.party[payment])
    points += 1.0 - abs(payments.day[fee] - payments.day[payment]) / DAYS
    points += np.where(side.own[fee] == side.own[payment], 0.2, 0.0)
    return np.asarray(points, dtype=np.float64)


def _share_words(payments: Payments, fee: Ints, payment: Ints) -> Flags:
    """Return, for each pair, whether the charge's words are the payment's words plus words that
    mean a charge."""
    rest, whole = _rests(payments)[fee], _in_lower_case(payments)[payment]
    return np.asarray((rest == whole) & (rest != ""), dtype=bool)


@by_row
def _rests(payments: Payments) -> list[object]:
    return [_without_fee(text) for text in payments.description]


@by_row
def _in_lower_case(payments: Payments) -> list[object]:
    return [" ".join(text.casefold().split()) for text in payments.description]


@lru_cache(maxsize=65_536)
def _without_fee(text: str) -> str:
    return " ".join(_FEE.sub(" ", text).casefold().split())
