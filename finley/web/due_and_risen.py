"""What the pages show of the layers: payments that are due, and payments above the usual amount."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from graph.models.choices import PredictionStatus
from graph.questions import days, insights, prediction_status
from graph.questions.expected import due

A_PAGE = 2_000  # rows per query; all of them are read
RECENT = timedelta(days=120)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """Predictions by their day, as of `today`. `books` says until when each source's books reach.

    A prediction is stale if its source's books ended too long ago to expect a payment.
    """

    today: date
    books: list[Row]
    pending: list[Row]
    overdue: list[Row]
    stale: list[Row]


def expected(user_id: UUID) -> Expected:
    """The recurring payments that are due, overdue and stale, the earliest first."""
    today = days.today(user_id)
    rows = [with_lateness(row, today) for row in due.predictions(user_id, today)]
    states = ([row for row in rows if row["insight"]["status"] == status]
              for status in ("pending", "overdue", prediction_status.STALE))  # fmt: skip
    return Expected(today, days.reach(user_id, today), *states)


def ahead(expected: Expected, until: date) -> list[Row]:
    """The payments from today to the day `until`, the earliest first: every occurrence of each
    series. None is overdue."""
    rows = due.ahead([*expected.pending, *expected.overdue], expected.today, until)
    return [row for row in rows if row["insight"]["status"] != PredictionStatus.OVERDUE]


def with_lateness(row: Row, today: date) -> Row:
    """The row of a prediction with `late`: the days since its last expected day; 0 before it."""
    last = row["insight"]["expected_to"]
    return {**row, "late": max((today - last).days, 0) if last else 0}


def _rows(user_id: UUID, layer: str, **wanted: Any) -> Iterator[Row]:
    """All rows of the layer, one per payment, the newest payments first."""
    after = None
    while True:
        page, after = insights.insights(
            user_id, layer, once=True, most=A_PAGE, after=after, **wanted
        )
        yield from page
        if after is None:
            return


def above_usual(user_id: UUID) -> list[Row]:
    """Payments to others in the books' last months that exceed the usual amount of their series,
    newest first.

    Each has `usual` and `ratio`.
    """
    risen: list[Row] = []
    for row in _rows(user_id, "root_cause"):
        if risen and row["occurred_at"] <= risen[0]["occurred_at"] - RECENT:
            break
        if due.seen_by_us(row)["comes_in"]:
            continue
        if (usual := _usual(row)) and float(row["amount"] or 0) > usual:
            risen.append({**row, "usual": usual, "ratio": float(row["amount"]) / usual})
    return risen


def _usual(row: Row) -> float:
    evidence = row["evidence"]
    return float(evidence.get("usual") or 0) if evidence.get("what") == "amount" else 0.0
