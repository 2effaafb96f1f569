"""Finds the transaction that a document belongs to, the slow, obvious way: by comparing all
pairs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from graph.ingest.store.identity import normalized

_FORMS = "ltd|limited|llp|plc|inc|llc|co|gmbh|ag|bv|nv|sa|sas|sarl|srl|spa|oy|ab"


@dataclass(frozen=True)
class Row:
    """A ledger row. `amount` is what the payee receives."""

    source: str
    key: str
    transaction: str
    at: datetime
    amount: Decimal
    currency: str
    number: str | None
    payer: str
    payee: str
    platform: str = "ledger"


@dataclass(frozen=True)
class Paper:
    at: datetime
    amount: Decimal | None
    currency: str | None
    number: str | None
    sender: str


@dataclass(frozen=True)
class Found:
    """The ledger row to which a document belongs (`source` and `key`), the confidence, and the
    posting to which the link goes."""

    source: str
    key: str
    confidence: float
    posting: int


def find(paper: Paper, rows: Sequence[Row]) -> Found | None:
    scored = [(score(paper, row, rows), row) for row in rows]
    sure = [(place, row) for place, row in scored if place is not None]
    if not sure:
        return None
    best = max(place for place, _ in sure)
    rivals = [row for place, row in sure if place == best]
    if len({(row.source, row.transaction) for row in rivals}) > 1:
        return None
    row = min(rivals, key=lambda item: item.key)
    to_payer = alike(paper.sender, row.payer) > alike(paper.sender, row.payee)
    return Found(row.source, row.key, best[0], 2 if to_payer else 1)


def score(paper: Paper, row: Row, rows: Sequence[Row]) -> tuple[float, int, bool] | None:
    """How well the document fits the row, as a tuple to be compared in this order: the confidence,
    the similarity of the sender to a party (0 to 2), and whether the row is of the ledger. None if
    the document does not fit the row."""
    party = max(alike(paper.sender, row.payer), alike(paper.sender, row.payee))
    sure = _by_number(paper, row, rows, party) or _by_amount(paper, row)
    return (sure, party, row.platform == "ledger") if sure else None


def _by_number(paper: Paper, row: Row, rows: Sequence[Row], party: int) -> float | None:
    if not plain(paper.number) or plain(paper.number) != plain(row.number):
        return None
    if (paper.amount, paper.currency) == (row.amount, row.currency):
        return 0.97
    lines = [
        item for item in rows
        if plain(item.number) == plain(row.number)
        and (item.source, item.currency) == (row.source, row.currency)
        and called(item.payee) == called(row.payee)
    ]  # fmt: skip
    adds_up = (paper.amount, paper.currency) == (sum(item.amount for item in lines), row.currency)
    if len(lines) > 1 and adds_up and row.key == min(item.key for item in lines):
        return 0.95
    if party:
        return 0.9
    return 0.8 if paper.amount is None and len(plain(paper.number)) >= 4 else None


def _by_amount(paper: Paper, row: Row) -> float | None:
    if paper.amount is None or paper.currency != row.currency:
        return None
    if not -timedelta(days=10) <= row.at - paper.at <= timedelta(days=120):
        return None
    if plain(paper.number) and plain(row.number):
        return None
    paid = alike(paper.sender, row.payer) and paper.amount == -row.amount
    is_received = alike(paper.sender, row.payee) and paper.amount == row.amount
    return 0.75 if paid or is_received else None


def plain(number: str | None) -> str:
    return "".join(c for c in (number or "").upper() if c.isalnum())


def called(name: str) -> str:
    return re.sub(rf"\b({_FORMS})\b\.?", "", name.lower()).strip()


def alike(one: str, other: str) -> int:
    """The similarity of two names: 2 if equal, 1 if similar, else 0. 0 also if one is empty."""
    if not called(one) or not called(other):
        return 0
    if called(one) == called(other) or normalized(one) == normalized(other):
        return 2
    return int(similarity(called(one), called(other)) >= 0.6)


def similarity(one: str, other: str) -> float:
    """The similarity that pg_trgm computes: shared trigrams as a share of all trigrams, words
    padded with blanks."""
    first, second = _trigrams(one), _trigrams(other)
    return len(first & second) / len(first | second) if first | second else 0.0


def _trigrams(text: str) -> set[str]:
    words = re.findall(r"[^\W_]+", text.lower())
    return {padded[n : n + 3] for w in words for padded in [f"  {w} "] for n in range(len(w) + 1)}
