"""A month of recurring payments: each occurrence on its most likely day."""

import calendar as months
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import answer_cache, due_and_risen, list_filters
from finley.web.access import PageRequest, page
from graph.errors import QuestionError
from graph.questions.expected.occurrences import most_likely

Row = dict[str, Any]
YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Day:
    """A cell of the calendar; one without a day is before the month's first or after its last."""

    day: date | None
    rows: list[Row]


@page()
def calendar(request: PageRequest) -> HttpResponse:
    """The page of one month: each occurrence of the recurring payments on its most likely day, and
    the overdue ones. The parameter `month` is such as 2025-07."""
    user_id = request.access.tenant_id
    expected = answer_cache.answer(due_and_risen.expected, user_id)
    first = _month(list_filters.text_of(request.GET, "month"), expected.today)
    last = first.replace(day=months.monthrange(first.year, first.month)[1])
    days = _by_day([*due_and_risen.ahead(expected, last), *expected.overdue])
    weeks = [
        [Day(day, days.get(day, [])) if day.month == first.month else Day(None, []) for day in week]
        for week in months.Calendar().monthdatescalendar(first.year, first.month)
    ]
    context = {
        "weeks": weeks,
        "first": first,
        "today": expected.today,
        "before": f"{first - timedelta(days=1):%Y-%m}",
        "after": f"{first + timedelta(days=31):%Y-%m}",
        "count": sum(len(day.rows) for week in weeks for day in week),
    }
    return render(request, "web/calendar.html", context)


def _month(text: str, today: date) -> date:
    if not text:
        return today.replace(day=1)
    month = list_filters.day("month", f"{text}-01")
    if month.year not in YEARS:
        raise QuestionError(f"Name a month from {YEARS[0]} to {YEARS[-1]}.", "month")
    return month


def _by_day(rows: list[Row]) -> dict[date, list[Row]]:
    days: defaultdict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if day := row.get("day") or most_likely(row):
            days[day].append(row)
    return days
