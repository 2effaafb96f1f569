"""The first page: cash, possible double payments, due payments, and price increases."""

import calendar
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from finley.web import answer_cache, charts, due_and_risen, since_last_visit
from finley.web.access import PageRequest, page
from finley.web.sums import open_invoices
from graph.models.choices import CaseState
from graph.questions import cases, cash_flow
from graph.questions.decisions import resolutions
from graph.questions.expected.due import AHEAD, last_day, totals
from syncjobs import connections

SHOWN = 5
Row = dict[str, Any]


@page()
def overview(request: PageRequest) -> HttpResponse:
    """The first page after the sign-in. Each figure is shown with its currency, what it counts, and
    a link to its rows."""
    user_id = request.access.tenant_id
    flow = answer_cache.answer(cash_flow.cash_flow, user_id)
    last_visit = since_last_visit.since(request)
    risen = answer_cache.answer(due_and_risen.risen, user_id)
    return render(
        request,
        "web/overview.html",
        {
            "charts": charts.cash_by_month(flow, month_address),
            "risk": _risk(user_id),
            "owed": _owed(flow["obligations"]),
            "off_statement": _off_statement(flow["months"]),
            "ahead": _ahead(user_id),
            "prices": risen.prices,
            "risen": risen.payments[:SHOWN],
            "risen_count": len(risen.payments),
            "recent": due_and_risen.RECENT.days,
            "connections": connections.listed(user_id),
            "news": since_last_visit.counts(user_id, last_visit) if last_visit else None,
            "open_parties": resolutions.count_open(user_id),
        },
    )


def month_address(month: str, currency: str, way: str, **more: str) -> str:
    """The URL of the list of payments that make up a month's money in or out (`way`), in one
    currency. `month` is such as 2025-07."""
    first = date.fromisoformat(f"{month}-01")
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    query = {"way": way, "currency": currency, "since": str(first), "until": str(last), **more}
    return f"{reverse('cash-rows')}?{urlencode(query)}"


def _off_statement(months: list[Row]) -> list[Row]:
    """The number of payments that no account statement shows, as {"currency", "count"} for each
    currency that has any."""
    counts: dict[str, int] = {}
    for row in months:
        counts[row["currency"]] = counts.get(row["currency"], 0) + row["off_statement_payments"]
    return [
        {"currency": currency, "count": count}
        for currency, count in sorted(counts.items())
        if count
    ]


def _risk(user_id: UUID) -> Row:
    """The open cases, and as `confirmed` those that are confirmed and not recovered. Both have
    their number (`count`), and their amounts at risk by currency (`sums`), the greatest first. Each
    case counts once."""
    totals = cases.totals(user_id)
    return {
        **_of_state(totals, CaseState.OPEN),
        "confirmed": _of_state(totals, CaseState.CONFIRMED),
    }


def _of_state(totals: list[Row], state: CaseState) -> Row:
    sums = [total for total in totals if total["state"] == state]
    return {
        "count": sum(total["cases"] for total in sums),
        "sums": sorted(sums, key=lambda total: -total["amount_at_risk"]),
    }


def _owed(obligations: list[Row]) -> list[Row]:
    """The sums of open invoices, one dict per direction and currency: the `open` amount, and the
    `overdue` part of it."""
    sums: dict[tuple[str, str], Row] = {}
    for row in obligations:
        key = row["direction"], row["currency"]
        zero = {"open": Decimal(0), "overdue": Decimal(0)}
        of_key = sums.setdefault(key, {"direction": key[0], "currency": key[1], **zero})
        for name in zero:
            of_key[name] += row[name]
    return list(sums.values())


def _ahead(user_id: UUID) -> Row:
    expected = answer_cache.answer(due_and_risen.expected, user_id)
    until = last_day(expected.today)
    due = due_and_risen.ahead(expected, until)
    counted = [row for row in due if row["is_cash"]]
    return {
        "days": AHEAD,
        "today": expected.today,
        "until": until,
        "open_due": open_invoices.due_between(user_id, expected.today, until),
        "books": expected.books,
        "stale": expected.stale,
        "due": due,
        "sums": totals(due),
        "counted": len(counted),
        "series": len({row["id"] for row in counted}),
        "first": due[:SHOWN],
        "overdue": expected.overdue,
        "latest": max((row["late"] for row in expected.overdue), default=0),
    }
