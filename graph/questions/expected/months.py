"""The expected months of cash flow: the occurrences of recurring payments by month."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from graph.layers import FURTHER
from graph.models.choices import PredictionStatus
from graph.questions.expected import occurrences
from graph.questions.prediction_status import status_on

COLUMNS = ("expected_from", "expected_to", "amount_low", "amount_high", "status", "stale_from")
Answer = dict[str, Any]


def by_month(predicted: Iterable[Answer], today: date) -> list[Answer]:
    """Return the least and the greatest sums of money in and out by month and currency, from today
    on.

    `predicted` are rows of `questions/cash_flow_expected.sql`. An overdue payment does not count.
    `payments` is the number of occurrences, `projected` how many of them are projected.
    """
    months: defaultdict[tuple[str, str | None], Answer] = defaultdict(_nothing)
    for row in predicted:
        for one in occurrences.of(_as_insight(row, today), today, date.max):
            if one["insight"]["status"] != PredictionStatus.OVERDUE:
                _add(months[f"{one['day']:%Y-%m}", one["currency"]], one)
    return [
        {"month": month, "currency": currency, **sums}
        for (month, currency), sums in sorted(months.items(), key=_by_day)
    ]


def _add(month: Answer, one: Answer) -> None:
    way = "in" if one["comes_in"] else "out"
    for end in ("low", "high"):
        month[f"{way}_{end}"] += one["insight"][f"amount_{end}"] or Decimal(0)
    month["payments"] += 1
    month["projected"] += one["insight"]["status"] == occurrences.PROJECTED


def _by_day(item: tuple[tuple[str, str | None], Answer]) -> tuple[str, str]:
    (month, currency), _ = item
    return month, currency or ""


def _nothing() -> Answer:
    zero = Decimal("0.0000")
    amounts = dict.fromkeys(("in_low", "in_high", "out_low", "out_high"), zero)
    return {**amounts, "payments": 0, "projected": 0}


def _as_insight(row: Answer, today: date) -> Answer:
    """Return the row of the SQL query with the names that a row of `insights` has."""
    evidence = row["evidence"]
    columns = {name: row[name] for name in COLUMNS}
    return {
        **row,
        "insight": {**columns, "status": status_on(today, columns)},
        "evidence": evidence,
        FURTHER: evidence.get(FURTHER, []),
    }
