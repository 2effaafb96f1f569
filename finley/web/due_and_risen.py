"""Reads what the pages show of the layers: due payments, price rises, and payments above their
usual amount."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph.models.choices import PredictionStatus
from graph.questions import days, insights, prediction_status, series
from graph.questions.expected import due
from graph.questions.lasting_changes import is_same_price, price_changes

A_PAGE = 2_000  # rows per query; all of them are read
RECENT = timedelta(days=62)  # how long a rise is news
HIGH = 1.5  # times the usual amount, from which one of several bills is high
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """All predictions of a tenant as of `today`, in three lists sorted by day: pending, overdue and
    stale. `books` has the last day of each source's books.

    A prediction is stale if its source's books ended so long ago that no payment can be expected.
    """

    today: date
    books: list[Row]
    pending: list[Row]
    overdue: list[Row]
    stale: list[Row]


def expected(user_id: UUID) -> Expected:
    """Read the tenant's predictions, each with its lateness, sorted into pending, overdue and stale
    ones."""
    today = days.today(user_id)
    rows = [with_lateness(row, today) for row in due.predictions(user_id, today)]
    states = ([row for row in rows if row["insight"]["status"] == status]
              for status in ("pending", "overdue", prediction_status.STALE))  # fmt: skip
    return Expected(today, days.reach(user_id, today), *states)


def ahead(expected: Expected, until: date) -> list[Row]:
    """Every occurrence of each series from today to the day `until`, the earliest first. Overdue
    payments are left out."""
    rows = due.ahead([*expected.pending, *expected.overdue], expected.today, until)
    return [row for row in rows if row["insight"]["status"] != PredictionStatus.OVERDUE]


def with_lateness(row: Row, today: date) -> Row:
    """A copy of the prediction's row with `late`: the number of days since the last day on which it
    was expected. 0 until then."""
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


@dataclass(frozen=True, slots=True)
class Risen:
    """Price rises and high payments in the last RECENT days of the books, the newest first.

    `prices` are lasting price rises, one row each, with `step`: `from_day`, `old` and `new`.
    `payments` are single payments above the usual amount of their series, with `usual` and `ratio`.
    """

    prices: list[Row]
    payments: list[Row]


def risen(user_id: UUID) -> Risen:
    """Read the price rises of the last RECENT days, and the payments to other parties that were
    above their usual amount."""
    today = days.today(user_id)
    last = max((book["until"] for book in days.reach(user_id, today)), default=today)
    above = _not_several_bills(user_id, _above_usual(user_id, last - RECENT))
    histories = series.histories(user_id, [row["id"] for row in above])
    prices: dict[Any, Row] = {}
    payments = []
    for row in above:
        step = _lasting_rise(row, histories.get(row["id"], []))
        if step is None:
            payments.append(row)
        elif step["from_day"] >= last - RECENT:
            prices.setdefault(
                (_party_of(row), row["currency"], *step.values()), {**row, "step": step}
            )
    by_day = sorted(prices.values(), key=lambda row: row["step"]["from_day"], reverse=True)
    return Risen(by_day, payments)


def _party_of(row: Row) -> UUID | None:
    return row["target"].id if row["target"] else None


def _lasting_rise(row: Row, history: series.History) -> Row | None:
    """The last price change of the row's series: {"from_day", "old", "new"}. None if the price
    fell, or if the row is not at the new price."""
    changes = price_changes(history)
    if not changes or changes[-1]["new"] <= changes[-1]["old"]:
        return None
    step = changes[-1]
    is_of_it = step["from_day"] <= row["occurred_at"].date() and is_same_price(
        row["amount"], step["new"]
    )
    return step if is_of_it else None


def _above_usual(user_id: UUID, since: date) -> list[Row]:
    """The rows of payments to other parties since this day that exceed the usual amount of their
    series, the newest first. Each has the `usual` amount, and the `ratio` of its amount to that."""
    above: list[Row] = []
    for row in _rows(user_id, "root_cause", since=datetime.combine(since, time.min, UTC)):
        if due.seen_by_us(row)["comes_in"]:
            continue
        if (usual := _usual(row)) and float(row["amount"] or 0) > usual:
            above.append({**row, "usual": usual, "ratio": float(row["amount"]) / usual})
    return above


def _not_several_bills(user_id: UUID, rows: list[Row]) -> list[Row]:
    """The rows without payments that settle several bills, unless one of the bills is high."""
    bills = series.bills_paid(user_id, [row["id"] for row in rows])
    return [row for row in rows if _is_of_one_bill(row, bills.get(row["id"], []))]


def _is_of_one_bill(row: Row, bills: Sequence[Decimal]) -> bool:
    return len(bills) < 2 or float(bills[0]) >= HIGH * row["usual"]


def _usual(row: Row) -> float:
    evidence = row["evidence"]
    return float(evidence.get("usual") or 0) if evidence.get("what") == "amount" else 0.0
