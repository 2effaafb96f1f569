"""Assigns roles to columns: the best consistent assignment of all of them.

Every column gets a score for every role, by its title and by its values. The assignment with the
highest sum wins (scipy's linear_sum_assignment, the Hungarian method).
"""

import re
from collections.abc import Callable

import numpy as np
import scipy  # it imports scipy.optimize when that is first used

from graph.ingest.guessing.profile import Column, amount_of
from graph.ingest.guessing.title_scores import likeness, roles
from graph.ingest.guessing.vocabulary import (
    CODES,
    FLAGS,
    PAID,
    RECEIVED,
    SETTLED,
    TYPE_WORDS,
    UNSETTLED,
    plain,
)

LEAST = 0.12  # a lower score is no evidence
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}")
_MONEY = frozenset(
    [
        "amount",
        "net",
        "gross",
        "unit_price",
        "quantity",
        "fee",
        "tax",
        "discount",
        "balance",
        "original_amount",
    ]
)
_COUNTING = frozenset(["amount", "net", "gross", "unit_price"])  # not zero in every row
_PARTIES = frozenset(
    [
        "payee",
        "payer",
        "counterparty",
        "vendor",
        "customer",
        "employee",
        "donor",
        "department",
        "project",
    ]
)


def assign(columns: tuple[Column, ...]) -> dict[str, tuple[Column, float]]:
    """Return role → (its column, confidence from 0 to 1). Roles without a column are absent."""
    names = list(roles())
    scores = np.array([[score(role, column) for role in names] for column in columns])
    scores -= 1e-6 * np.arange(len(columns))[:, None] * (scores > 0)  # of equals the first
    at_columns, at_roles = scipy.optimize.linear_sum_assignment(scores, maximize=True)
    assigned = {}
    for at, role in zip(at_columns, at_roles, strict=True):
        value = scores[at, role]
        if value >= LEAST:
            others = np.delete(scores[:, role], at)
            rival = float(others.max()) if len(others) else 0.0
            confidence = value * (1 - 0.5 * max(0.0, min(1.0, rival / value) - 0.9) * 10)
            assigned[names[role]] = (columns[at], round(float(min(1.0, confidence)), 3))
    return assigned


def score(role: str, column: Column) -> float:
    """Return how well the column fits the role, from 0 to 1.

    That is the score of its title, or of its values if the title says nothing, times the share that
    its values allow.
    """
    content = _content(role, column)
    if not content:
        return 0.0
    by_name = likeness(role, column.title)
    if role == "direction" and _says_both(column):
        by_name += 0.5  # such words say more than any title
    return by_name * content if by_name else _nameless(role, column) * content


def _says_both(column: Column) -> bool:
    values = {plain(value) for value in column.values}
    return bool(values & PAID and values & RECEIVED)


def _content(role: str, column: Column) -> float:
    if role in {"debit", "credit"} and not column.values:
        return 0.6  # nothing came in that month
    if not column.values:
        return 0.0
    if role in {"date", "due"}:
        return _date(role, column)
    if role in _MONEY:
        return _money(role, column)
    return _CONTENTS.get(role, _other)(column)


def _date(role: str, column: Column) -> float:
    if column.is_date:
        return column.date_share * (0.7 + 0.3 * column.filled)
    if likeness(role, column.title) < 0.75 or likeness("amount", column.title) > 0.5:
        return 0.0
    if column.is_serial:
        return 0.8
    return 0.5 * column.date_share  # a bad cell costs its row, not the column


def _money(role: str, column: Column) -> float:
    if column.is_date:
        return 0.0
    least = 0.2 if likeness(role, column.title) >= 0.8 else 0.5
    share = column.money_share
    if share < least or (role in _COUNTING and column.is_nothing):
        return 0.0
    return (0.6 + 0.4 * share) * (0.6 + 0.4 * column.filled)


def _sides(column: Column) -> float:
    return column.money_share if column.is_money and not column.is_date else 0.0


def _codes(column: Column) -> float:
    return float(column.share(lambda v: v.upper() in CODES) >= 0.9)


def _direction(column: Column) -> float:
    share = column.share(lambda v: plain(v) in PAID or plain(v) in RECEIVED)
    return share if share >= 0.95 and column.distinct <= 8 else 0.0


def _status(column: Column) -> float:
    share = column.share(_is_state)
    return 1.0 if share >= 0.5 else (0.6 if share else 0.3) * (column.distinct <= 8)


def _party(column: Column) -> float:
    if column.is_date or column.money_share > 0.5 or not column.texty:
        return 0.0
    if column.share(lambda v: plain(v) in FLAGS) > 0.5:
        return 0.0
    address = 0.3 if column.share(lambda v: "@" in v or is_iban(v)) >= 0.5 else 1.0
    return (0.75 + 0.25 * column.filled) * address


def _customer(column: Column) -> float:
    return max(_party(column), 0.7 * column.share(lambda v: "@" in v))


def _text(column: Column) -> float:
    if column.is_date or not column.texty:
        return 0.0
    constant = column.rows > 1 and column.distinct == 1
    return (0.6 if constant else 1.0) * (1 - 0.3 * typeness(column)) * (0.7 + 0.3 * column.filled)


def _type(column: Column) -> float:
    return 0.0 if column.is_date or column.is_money else 0.6 + 0.4 * typeness(column)


def _account(column: Column) -> float:
    few = column.distinct <= max(3, column.rows // 20)
    return (1.0 if few else 0.2) if not column.is_date and not _codes(column) else 0.0


def is_iban(text: str) -> bool:
    return IBAN.fullmatch(text.replace(" ", "")) is not None


def _iban(column: Column) -> float:
    return 1.0 if column.share(is_iban) >= 0.5 else 0.7


def _other(column: Column) -> float:
    return 0.0 if column.is_date else 1.0


def typeness(column: Column) -> float:
    """Return the share (0..1) of the values that only say how money was moved, such as 'SEPA
    Lastschrift'."""
    return column.share(lambda v: set(re.sub(r"[0-9]", "", plain(v)).split()) <= TYPE_WORDS)


_CONTENTS: dict[str, Callable[[Column], float]] = {
    "debit": _sides,
    "credit": _sides,
    "currency": _codes,
    "original_currency": _codes,
    "direction": _direction,
    "status": _status,
    "description": _text,
    "type": _type,
    "account": _account,
    "party_account": _iban,
    "email": lambda column: column.share(lambda v: "@" in v),
    **dict.fromkeys(_PARTIES, _party),
    "customer": _customer,
}


def _nameless(role: str, column: Column) -> float:
    """Return the score (0..1) of a column for the role by its values alone, because its title
    says nothing."""
    if _speaks_of_other(role, column):
        return 0.0
    if role == "date" and column.is_date and column.filled >= 0.9:
        return 0.3
    if role == "amount":
        cents = column.share(lambda v: re.search(r"[.,][0-9]{2}\D*$", v))
        fits = column.filled >= 0.9 and cents > 0.5 and amount_of(column.values[0], column.mark)
        return 0.25 if fits else 0.0
    if role == "currency" and column.filled == 1:
        return 0.25
    worded = role == "direction" and column.distinct > 1
    return 0.3 if worded or (role == "status" and column.share(_is_state) > 0.95) else 0.0


def _is_state(value: str) -> bool:
    return plain(value) in UNSETTLED or plain(value) in SETTLED


def _speaks_of_other(role: str, column: Column) -> bool:
    return any(likeness(other, column.title) >= 0.6 for other in roles() if other != role)
