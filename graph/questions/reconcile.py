"""Checks accounts' statements: opening balance + movements = closing balance, in every month."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connections

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.questions import source_names

Answer = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a statement: the change of the account, and the balance that is stated after it.

    `line` is its line number in `file`, or None if that is unknown.
    """

    source: str
    account: str
    currency: str
    key: str
    file: str | None
    line: int | None
    day: date
    amount: Decimal
    balance: Decimal | None


@dataclass(frozen=True)
class Break:
    """A line whose stated balance differs from the balance computed from the lines before it."""

    line: Line
    expected: Decimal


def reconcile(user_id: UUID) -> Answer:
    """Return the tenant's accounts with their months, checked against the statements' running
    balances.

    `ok` is true if no line of any account contradicts its running balance. `accounts` leaves out
    accounts without running balances, which cannot be checked.
    """
    with tenant_transaction(user_id), connections["default"].cursor() as cursor:
        cursor.execute(sql.read("questions/statement_rows"), {"user_id": user_id})
        lines = [Line(*row) for row in cursor.fetchall()]
    accounts = [
        _account(list(rows))
        for _, rows in groupby(lines, key=lambda line: (line.source, line.account, line.currency))
    ]
    with_statements = [account for account in accounts if account["months"]]
    name_of = source_names.among(user_id, [account["source"] for account in with_statements])
    for account in with_statements:
        account["source_name"] = name_of[account["source"]]
    return {"ok": all(account["ok"] for account in with_statements), "accounts": with_statements}


def _account(lines: list[Line]) -> Answer:
    ordered = in_order(lines)
    months = list(_months(ordered, breaks(ordered)))
    first = ordered[0]
    return {
        "source": first.source,
        "account": first.account,
        "currency": first.currency,
        "ok": all(month["ok"] for month in months),
        "months": months,
    }


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Return the lines in the order of booking.

    A file may begin with its newest line. So the lines of one day are tried in both orders, and the
    order with fewer breaks is used.
    """
    forward = sorted(lines, key=lambda line: (line.day, line.file or "", line.line or 0))
    backward = sorted(lines, key=lambda line: (line.day, line.file or "", -(line.line or 0)))
    return min(forward, backward, key=lambda order: len(breaks(order)))


def breaks(lines: Iterable[Line]) -> list[Break]:
    """Return the lines whose balance differs from the last stated one plus what was booked since.

    After a break the newly stated balance counts, so that one mistake is reported once.
    """
    breaks_found = []
    running: Decimal | None = None
    for line in lines:
        expected = None if running is None else running + line.amount
        if line.balance is None:
            running = expected
            continue
        if expected is not None and expected != line.balance:
            breaks_found.append(Break(line, expected))
        running = line.balance
    return breaks_found


def _months(lines: Sequence[Line], broken: Sequence[Break]) -> Iterator[Answer]:
    closing: Decimal | None = None
    for month, rows in groupby(lines, key=lambda line: f"{line.day:%Y-%m}"):
        booked = list(rows)
        opening = closing if closing is not None else _opening(booked)
        movements = sum((line.amount for line in booked), Decimal(0))
        closing = _closing(booked, opening)
        if opening is None or closing is None:
            continue
        within = [broken_line for broken_line in broken if f"{broken_line.line.day:%Y-%m}" == month]
        yield {
            "month": month,
            "opening": opening,
            "movements": movements,
            "closing": closing,
            "difference": closing - opening - movements,
            "rows": len(booked),
            "ok": not within and closing == opening + movements,
            "breaks": len(within),
            "first_break": _break_answer(within[0]) if within else None,
        }


def _opening(lines: Sequence[Line]) -> Decimal | None:
    """Return the balance before the first line, computed from the first stated balance, or None."""
    passed = Decimal(0)
    for line in lines:
        passed += line.amount
        if line.balance is not None:
            return line.balance - passed
    return None


def _closing(lines: Sequence[Line], opening: Decimal | None) -> Decimal | None:
    """Return the last stated balance plus what was booked since; None if no balance is stated."""
    closing = opening
    for line in lines:
        if line.balance is not None:
            closing = line.balance
        elif closing is not None:
            closing += line.amount
    return closing


def _break_answer(gap: Break) -> Answer:
    line = gap.line
    return {
        "key": line.key,
        "file": line.file,
        "line": line.line,
        "day": line.day,
        "amount": line.amount,
        "expected": gap.expected,
        "stated": line.balance,
        "difference": (line.balance or Decimal(0)) - gap.expected,
    }
