"""The list of recurring payments with their prices over time, and a month as a calendar."""

import calendar as months
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import answer_cache, charts, downloads, due_and_risen, list_filters
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from finley.web.overview import AHEAD
from graph.errors import QuestionError
from graph.questions import series, whole_graph

A_PAGE = 24
STEADY = {"+0 %", "-0 %"}
STATES = ("due", "overdue", "stale")
COLUMNS = (
    Column("State", lambda row: row["insight"]["status"]),
    Column("Expected from", lambda row: row["insight"]["expected_from"]),
    Column("Expected to", lambda row: row["insight"]["expected_to"]),
    Column("From", lambda row: row["source"].name if row["source"] else ""),
    Column("To", lambda row: row["target"].name if row["target"] else ""),
    Column("Least amount", lambda row: row["insight"]["amount_low"]),
    Column("Greatest amount", lambda row: row["insight"]["amount_high"]),
    Column("Currency", lambda row: row["currency"]),
    Column("Sure", lambda row: row["insight"]["prediction_confidence"]),
    Column("Why", lambda row: row["insight"]["prediction_reason"]),
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """A cell of the calendar."""

    day: date
    in_month: bool
    rows: list[Row]


@page()
def recurring(request: PageRequest) -> HttpResponse:
    """The next payment of each active series, the earliest first. The parameter `state` filters
    them."""
    state = list_filters.text_of(request.GET, "state")
    if state not in ("", *STATES):
        raise QuestionError(f"There is no state {state}: say {' or '.join(STATES)}.", "state")
    user_id = request.access.tenant_id
    expected = answer_cache.answer(due_and_risen.expected, user_id)
    rows = _of_state(expected, state)
    if downloads.wants_file(request):
        return downloads.file(request, "recurring", COLUMNS, rows)
    start = list_filters.offset(request.GET)
    page_rows = rows[start : start + A_PAGE]
    histories = series.histories(user_id, [row["id"] for row in page_rows])
    context = {
        "rows": [_with_history(row, histories.get(row["id"], [])) for row in page_rows],
        "count": len(rows),
        "next": start + A_PAGE if start + A_PAGE < len(rows) else None,
        "state": state,
        "today": expected.today,
        "books": expected.books,
        "days": AHEAD,
    }
    return render(request, "web/recurring.html", context)


def _of_state(expected: due_and_risen.Expected, state: str) -> list[Row]:
    if state == "overdue":
        return expected.overdue
    if state == "stale":
        return expected.stale
    if state == "due":
        until = expected.today + timedelta(days=AHEAD)
        return [row for row in expected.pending if row["insight"]["expected_from"] <= until]
    return [*expected.overdue, *expected.pending]


def _with_history(row: Row, history: series.History) -> Row:
    """The row with the chart of its amounts, and the change from the first to the last."""
    first, last = (history[0][1], history[-1][1]) if history else (0, 0)
    change = f"{float(last / first - 1):+.0%}".replace("%", " %") if first else ""
    return {
        **row,
        "chart": charts.amounts_over_days(history),
        "change": "" if change in STEADY else change,
        "count": len(history),
    }


@page()
def calendar(request: PageRequest) -> HttpResponse:
    """A month, with each expected payment on its most likely day."""
    user_id = request.access.tenant_id
    expected = answer_cache.answer(due_and_risen.expected, user_id)
    first = _month(list_filters.text_of(request.GET, "month"), expected.today)
    days = _by_day([*expected.pending, *expected.overdue])
    weeks = [
        [Day(day, day.month == first.month, days.get(day, [])) for day in week]
        for week in months.Calendar().monthdatescalendar(first.year, first.month)
    ]
    context = {
        "weeks": weeks,
        "first": first,
        "today": expected.today,
        "before": f"{first - timedelta(days=1):%Y-%m}",
        "after": f"{first + timedelta(days=31):%Y-%m}",
        "count": sum(len(day.rows) for week in weeks for day in week if day.in_month),
    }
    return render(request, "web/calendar.html", context)


def _month(text: str, today: date) -> date:
    if not text:
        return today.replace(day=1)
    return list_filters.day("month", f"{text}-01")


def _by_day(rows: list[Row]) -> dict[date, list[Row]]:
    days: defaultdict[date, list[Row]] = defaultdict(list)
    for row in rows:
        likeliest = row["evidence"].get("most_likely")
        day = date.fromisoformat(likeliest) if likeliest else row["insight"]["expected_from"]
        days[day].append(row)
    return days


@page()
def one(request: PageRequest, relationship_id: UUID) -> HttpResponse:
    """The series of one payment: its amounts over time, the newest first."""
    user_id = request.access.tenant_id
    row = whole_graph.relationship(user_id, relationship_id)
    history = series.histories(user_id, [relationship_id]).get(relationship_id, [])
    context = {
        "relationship_id": relationship_id,
        "source": row["source"],
        "target": row["target"],
        "currency": row["currency"],
        "history": history[::-1],
        "chart": charts.amounts_over_days(history),
    }
    return render(request, "web/series.html", context)
