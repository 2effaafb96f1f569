"""The true cash of a set of books: by month, currency and party, and the accounts' balances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from finley.demo.truth import Balance, Cash


class Line(NamedTuple):
    """A line of an account's statement. `pence` is positive for money in, negative for money
    out."""

    account: str
    currency: str
    day: date
    party: str
    pence: int


def by_party(lines: Iterable[Line]) -> list[Cash]:
    """Money in and out by month, currency and party."""
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        key = (f"{line.day:%Y-%m}", line.currency, line.party)
        sums[key][line.pence < 0] += abs(line.pence)
    return [Cash(*key, *sums[key]) for key in sorted(sums)]


def opening(lines: Iterable[Line], least: int) -> dict[str, int]:
    """For each account, the opening balance in pence with which its balance never falls below
    `least` pence."""
    running: dict[str, int] = defaultdict(int)
    lowest: dict[str, int] = defaultdict(int)
    for line in lines:
        running[line.account] += line.pence
        lowest[line.account] = min(lowest[line.account], running[line.account])
    return {account: least - lowest[account] for account in running}


def running(lines: Iterable[Line], first: dict[str, int]) -> list[int]:
    """For each line, the balance of its account after it, in pence. `first` has the accounts'
    opening balances."""
    balance = dict(first)
    after = []
    for line in lines:
        balance[line.account] += line.pence
        after.append(balance[line.account])
    return after


def by_month(lines: list[Line], first: dict[str, int]) -> list[Balance]:
    """The opening and closing balance of each account in each of its months."""
    balances: dict[tuple[str, str, str], list[int]] = {}
    for line, after in zip(lines, running(lines, first), strict=True):
        key = (line.account, line.currency, f"{line.day:%Y-%m}")
        balances.setdefault(key, [after - line.pence, 0])[1] = after
    return [Balance(*key, *balances[key]) for key in sorted(balances)]
