"""Finds the bank's row of a payment to a card: the card's statement has it as a transfer.

Both rows have the same amount and currency; money leaves the bank account and comes to the card
within days; the bank's row names a card, its issuer, or the card's account. The names alone are too
unlike for `same_transaction`: "AMERICAN EXPRESS DD" and "PAYMENT RECEIVED - THANK YOU". The payment
then counts as the transfer that it is, not as spending.
"""

from collections import defaultdict

import numpy as np

from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import are
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.links.sighting_pairs import Pairs
from graph.ingest.card_payments import CARD, names_card
from graph.ingest.store.identity import normalized
from graph.models.choices import Records

SAME = "same_transaction"
DAYS = 7  # between the bank's day and the card's
CONFIDENCE = 0.9
LONG = 4  # letters of a word of the card's name that the bank's row may repeat
PLAIN = frozenset({"card", "account", "bank", "payment", "konto", "compte", "cuenta"})


def find(payments: Payments) -> Pairs:
    """Return the pairs: `one` is the card's row, `other` the bank's. Each row is in one at most,
    the nearest in time."""
    candidates = sorted(_candidates(payments))
    used: set[int] = set()
    chosen = []
    for days, card, bank in candidates:
        if card not in used and bank not in used:
            used |= {card, bank}
            chosen.append((card, bank, days))
    return _pairs(payments, [card for card, *_ in chosen], [bank for _, bank, _ in chosen])


def _pairs(payments: Payments, card: list[int], bank: list[int]) -> Pairs:
    one, other = np.array(card, dtype=np.int64), np.array(bank, dtype=np.int64)
    zero = np.zeros(len(one))
    confidence = zero + CONFIDENCE
    return Pairs(
        one=one,
        other=other,
        days=payments.day[other] - payments.day[one],
        alike=zero,
        odds=confidence / (1 - confidence),
        confidence=confidence,
        numbered=np.zeros(len(one), dtype=bool),
    )


def _candidates(payments: Payments) -> list[tuple[int, int, int]]:
    """Return (days apart, the card's row, the bank's row) of all that may be one payment."""
    cards, banks = _rows(payments)
    by_money: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for bank in banks.tolist():
        by_money[int(payments.amount[bank]), str(payments.currency[bank])].append(bank)
    apart = payments.apart.of(SAME)
    pairs = []
    for card in cards.tolist():
        for bank in by_money.get((int(payments.amount[card]), str(payments.currency[card])), ()):
            days = abs(int(payments.day[bank] - payments.day[card]))
            if days <= DAYS and (card, bank) not in apart and _is_named(payments, card, bank):
                pairs.append((days, card, bank))
    return pairs


def _rows(payments: Payments) -> tuple[Ints, Ints]:
    """Return the rows of transfers to a card, and those in which money leaves a bank account."""
    none = np.zeros(0, dtype=np.int64)
    if payments.records is None:
        return none, none
    outgoing, usable = sides(payments).outgoing, payments.amount > 0
    on_card = are(payments.platform, CARD) & are(payments.records, Records.TRANSFER.value)
    at_bank = are(payments.platform, "bank") & outgoing
    return np.flatnonzero(on_card & ~outgoing & usable), np.flatnonzero(at_bank & usable)


def _is_named(payments: Payments, card: int, bank: int) -> bool:
    """Return whether the bank's row names a card, its issuer, or this card's account."""
    entities, side = payments.entities, sides(payments)
    text = f"{entities.name[side.party[bank]]} {payments.description[bank]}"
    if names_card(text):
        return True
    own = set(normalized(entities.name[side.own[card]]).split()) - PLAIN
    words = {word for word in own if len(word) >= LONG}
    return bool(words & set(normalized(text).split()))
