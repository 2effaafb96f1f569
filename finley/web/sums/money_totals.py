"""Sums rows by currency. Amounts of two currencies are never added."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of amounts, and the number of its rows."""

    currency: str
    amount: Decimal
    rows: int


def of_sums(sums: Iterable[dict[str, Any]]) -> list[Sum]:
    """Add sums of several kinds to one sum per currency, the greatest first. Each of `sums` has its
    `currency`, `amount` and `count`."""
    totals: dict[str, tuple[Decimal, int]] = {}
    for row in sums:
        amount, rows = totals.get(row["currency"], (Decimal(0), 0))
        totals[row["currency"]] = amount + row["amount"], rows + row["count"]
    return sorted(
        (Sum(currency, *of) for currency, of in totals.items()),
        key=lambda sum_: (-sum_.amount, sum_.currency),
    )
