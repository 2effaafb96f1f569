"""The page of due payments: all occurrences of recurring payments in the coming weeks, week by
week."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import answer_cache, downloads, due_and_risen, list_filters
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from finley.web.sums import open_invoices, recurring_totals
from finley.web.words import evidence
from graph.errors import QuestionError
from graph.questions.expected.due import AHEAD, last_day, totals

DAYS = {"14-days": AHEAD, "30-days": 30}
TITLES = {
    "14-days": "14 days",
    "this-week": "This week",
    "next-week": "Next week",
    "30-days": "30 days",
}
COLUMNS = (
    Column("Day", lambda row: row["day"]),
    Column("State", lambda row: evidence.STATES[row["insight"]["status"]]),
    Column("From", lambda row: row["source"].name if row["source"] else ""),
    Column("To", lambda row: row["target"].name if row["target"] else ""),
    Column("How often", lambda row: row["frequency"]),
    Column("Least amount", lambda row: row["insight"]["amount_low"]),
    Column("Greatest amount", lambda row: row["insight"]["amount_high"]),
    Column("Currency", lambda row: row["currency"]),
    Column("Direction", lambda row: "in" if row["comes_in"] else "out"),
    Column("In sums", lambda row: "yes" if row["is_cash"] else "no"),
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Week:
    """The payments of one week, from a Monday to a Sunday, and their sums."""

    first: date
    last: date
    rows: list[Row]

    @property
    def totals(self) -> list[Row]:
        return totals(self.rows)


@page()
def due(request: PageRequest) -> HttpResponse:
    """The page of due payments, week by week. The parameter `span` is 14-days (the default),
    this-week, next-week or 30-days."""
    list_filters.require_known(request.GET, "span")
    span = list_filters.text_of(request.GET, "span") or "14-days"
    if span not in TITLES:
        raise QuestionError(f"Say one of {', '.join(TITLES)}.", "span")
    expected = answer_cache.answer(due_and_risen.expected, request.access.tenant_id)
    since, until = days_of(span, expected.today)
    rows = [
        {**row, "frequency": recurring_totals.frequency(row)}
        for row in due_and_risen.ahead(expected, until)
        if row["day"] >= since
    ]
    if downloads.wants_file(request):
        return downloads.file(request, "due", COLUMNS, rows)
    context = {
        "weeks": [Week(first, first + timedelta(days=6), list(some))
                  for first, some in groupby(rows, key=_monday)],
        "count": len(rows),
        "totals": totals(rows),
        "span": span,
        "spans": TITLES.items(),
        "since": since,
        "until": until,
        "today": expected.today,
        "overdue": len(expected.overdue),
        "open_due": open_invoices.due_between(request.access.tenant_id, since, until),
    }  # fmt: skip
    return render(request, "web/due.html", context)


def days_of(span: str, today: date) -> tuple[date, date]:
    """The first and the last day of the span. `this-week` begins today and ends on Sunday;
    `14-days` are today and the 13 days after it."""
    if span in DAYS:
        return today, last_day(today, DAYS[span])
    sunday = today + timedelta(days=6 - today.weekday())
    if span == "this-week":
        return today, sunday
    return sunday + timedelta(days=1), sunday + timedelta(days=7)


def _monday(row: Row) -> date:
    day: date = row["day"]
    return day - timedelta(days=day.weekday())
