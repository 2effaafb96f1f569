"""Payments of a card's bill in the card's own statement: transfers between own accounts.

"PAYMENT RECEIVED - THANK YOU" in the statement of a card is no income: the money came from the
tenant's bank account. In a bank's statement the same words are a customer's payment, so only the
rows of cards are looked at, only those in which money comes in, and no refunds.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from graph.ingest.guessing.vocabulary import BILL_PAYMENT, CARD_NAMES, RECEIPT, REFUND
from graph.ingest.ledger_rows import LedgerRow, Reject

CARD = "card"  # the platform of a card's rows
OUR_SIDE = frozenset({"account", "department", "employee"})
SAID, LIKELY = 0.97, 0.85  # the words say that a payment was received, or only that one was made
_SPACES = re.compile(r"\s+")


def as_transfers(rows: Iterable[LedgerRow | Reject], platform: str) -> Iterator[LedgerRow | Reject]:
    """Yield the rows. On a card, a payment of its bill records a transfer, with a reason and how
    sure that is."""
    for row in rows:
        yield _as_transfer(row) if platform == CARD and isinstance(row, LedgerRow) else row


def names_card(text: str) -> bool:
    """Return whether the text names a card or one who issues cards, such as `AMEX 3773`."""
    return CARD_NAMES.search(_SPACES.sub(" ", text.replace("_", " "))) is not None


def _comes_in(row: LedgerRow) -> bool:
    """Return whether the card's account receives the money."""
    payee = row.payer if row.amount < 0 else row.payee
    return payee.kind in OUR_SIDE


def _as_transfer(row: LedgerRow) -> LedgerRow:
    """The row, as a transfer if it is a payment of the card's bill."""
    if row.records != "payment" or not _comes_in(row):
        return row
    other = row.payee if row.amount < 0 else row.payer
    text = _SPACES.sub(" ", f"{other.name} {row.description or ''}")
    words = BILL_PAYMENT.search(text)
    if words is None or REFUND.search(text):
        return row
    sureness = SAID if RECEIPT.search(words[0]) else LIKELY
    reason = (
        f"on a card's statement '{words[0]}' is a payment of the card's bill: a transfer between "
        "own accounts, no income"
    )
    return replace(row, records="transfer", confidence=sureness, reason=reason)
