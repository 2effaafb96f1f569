"""The first page: what moved, what may have been paid twice, what is due, what costs more."""

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from finley.web import charts, findings
from finley.web.access import PageRequest, page
from finley.web.sums import by_currency
from graph.questions import cash_flow
from syncjobs import connections

AHEAD = 14  # days
SHOWN = 5
Row = dict[str, Any]


@page()
def overview(request: PageRequest) -> HttpResponse:
    """Each figure with the currency and what it counts, and a link to its rows."""
    user_id = request.access.tenant_id
    flow = cash_flow.cash_flow(user_id)
    return render(
        request,
        "web/overview.html",
        {
            "charts": charts.cash_by_month(flow, month_address),
            "risk": _risk(user_id),
            "ahead": _ahead(user_id),
            "risen": findings.above_usual(user_id)[:SHOWN],
            "connections": connections.listed(user_id),
        },
    )


def month_address(month: str, currency: str) -> str:
    """The payments of a month as 2025-07, in one currency."""
    first = date.fromisoformat(f"{month}-01")
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    query = {"since": str(first), "until": str(last), "currency": currency}
    return f"{reverse('payments')}?{urlencode(query)}"


def _risk(user_id: UUID) -> Row:
    found = findings.duplicates(user_id)
    return {
        "sums": by_currency(found.rows),
        "count": len(found.rows),
        "more": found.more,
        "first": sorted(found.rows, key=lambda row: -(row["amount"] or 0))[:SHOWN],
    }


def _ahead(user_id: UUID) -> Row:
    expected = findings.expected(user_id)
    until = expected.today + timedelta(days=AHEAD)
    due = [row for row in expected.pending if row["insight"]["expected_from"] <= until]
    return {
        "days": AHEAD,
        "today": expected.today,
        "due": due,
        "goes_out": by_currency(_ranges(due, comes_in=False), "amount_high"),
        "comes_in": by_currency(_ranges(due, comes_in=True), "amount_high"),
        "first": due[:SHOWN],
        "overdue": expected.overdue,
    }


def _ranges(rows: Iterable[Row], *, comes_in: bool) -> Iterable[Row]:
    return (
        {**row["insight"], "currency": row["currency"]}
        for row in rows
        if row["comes_in"] == comes_in
    )
