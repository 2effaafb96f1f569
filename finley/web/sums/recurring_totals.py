"""Computes what recurring payments cost per month and per year."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from graph.models.choices import Frequency
from graph.words import how_often

Row = dict[str, Any]
CENT = Decimal("0.01")
A_YEAR = {  # payments per year, by frequency
    Frequency.WEEKLY.value: 52,
    Frequency.FORTNIGHTLY.value: 26,
    Frequency.TWICE_MONTHLY.value: 24,
    Frequency.FOUR_WEEKLY.value: 13,
    Frequency.THIRTY_DAYS.value: 12,
    Frequency.MONTHLY.value: 12,
    Frequency.TWO_MONTHLY.value: 6,
    Frequency.QUARTERLY.value: 4,
    Frequency.HALF_YEARLY.value: 2,
    Frequency.YEARLY.value: 1,
}


@dataclass(frozen=True, slots=True)
class Total:
    """What the recurring payments of one direction and currency cost per month and per year.
    `series` is their number."""

    currency: str
    comes_in: bool
    per_month: Decimal
    per_year: Decimal
    series: int


def with_costs(rows: Iterable[Row]) -> list[Row]:
    """Copies of the predictions, each with its `frequency`, the number of `times` per year, and the
    cost `per_month` and `per_year`: the usual amount times how often it is paid."""
    return [{**row, **_costs(row)} for row in rows]


def _costs(row: Row) -> Row:
    times = _times(row)
    per_year = (_usual(row) * times).quantize(CENT)
    return {
        "frequency": frequency(row),
        "times": times,
        "per_year": per_year,
        "per_month": (per_year / 12).quantize(CENT),
    }


def _times(row: Row) -> Decimal:
    """The number of payments per year, without those that the series usually misses."""
    times = row["evidence"].get("times_a_year")
    return Decimal(A_YEAR.get(_code(row), 0) if times is None else str(times))


def _usual(row: Row) -> Decimal:
    """The usual amount of the series. If the evidence does not state it, the middle of the expected
    range of amounts."""
    usual = row["evidence"].get("usual_amount")
    ends = (row["insight"][name] or Decimal(0) for name in ("amount_low", "amount_high"))
    return sum(ends, Decimal(0)) / 2 if usual is None else Decimal(usual)


def frequency(row: Row) -> str:
    """How often the series recurs: the code of its frequency, or words if it is paid on only one of
    several days; "" if that is not known."""
    one_of = row["evidence"].get("one_of", 1)
    return _code(row) if one_of == 1 else how_often(_code(row), one_of)


def _code(row: Row) -> str:
    return str(row["evidence"].get("agreed", "")).partition(" ")[0]


def totals(rows: Iterable[Row]) -> list[Total]:
    """The sums of recurring payments by direction and currency: money out first, then the greatest
    first.

    A series that missed a payment and went on has an overdue and a pending prediction. It counts
    once. A series that is not cash does not count, as in cash flow.
    """
    groups: defaultdict[tuple[str, bool], list[Row]] = defaultdict(list)
    for row in newest_of_series(row for row in rows if row["is_cash"]):
        groups[row["currency"], row["comes_in"]].append(row)
    sums = [
        Total(
            currency,
            comes_in,
            sum((row["per_month"] for row in some), Decimal(0)),
            sum((row["per_year"] for row in some), Decimal(0)),
            len(some),
        )
        for (currency, comes_in), some in groups.items()
    ]
    return sorted(sums, key=lambda total: (total.comes_in, -total.per_year, total.currency))


def newest_of_series(rows: Iterable[Row]) -> list[Row]:
    """Of the predictions of each series, the one with the latest expected day."""
    newest: dict[Any, Row] = {}
    for row in rows:
        key = row["evidence"].get("series") or row["id"]
        before = newest.get(key)
        if before is None or _begins(before) < _begins(row):
            newest[key] = row
    return list(newest.values())


def _begins(row: Row) -> date:
    begins: date = row["insight"]["expected_from"]
    return begins
