"""The open invoices, bills and expense claims, the longest overdue first."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import downloads, list_filters, more
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from finley.web.sums.money_totals import Sum
from graph.errors import QuestionError
from graph.questions import open_items

A_PAGE = 50
EVERY = 10**9
NAMES = {
    ("invoice", "payable"): "bill",
    ("invoice", "receivable"): "invoice",
    ("claim", "payable"): "expense claim",
    ("claim", "receivable"): "expense claim",
}
COLUMNS = (
    Column("Due", lambda row: row["due_on"]),
    Column("Days overdue", lambda row: max(row["days_overdue"], 0)),
    Column("Records", lambda row: row["records"]),
    Column("Party", lambda row: row["party"]),
    Column("Document", lambda row: row["document_ref"]),
    Column("Day", lambda row: row["day"]),
    Column("Amount", lambda row: row["amount"]),
    Column("Settled", lambda row: row["settled"]),
    Column("Open", lambda row: row["open"]),
    Column("Currency", lambda row: row["currency"]),
    Column("Id", lambda row: row["id"]),
)
Row = dict[str, Any]


@page()
def open_invoices(request: PageRequest) -> HttpResponse:
    """What is owed and not settled. Parameters: `direction` (payable, receivable), `currency`, and
    `overdue` (only what is overdue)."""
    direction = list_filters.text_of(request.GET, "direction") or open_items.DIRECTIONS[0]
    if direction not in open_items.DIRECTIONS:
        raise QuestionError(f"Say {' or '.join(open_items.DIRECTIONS)}.", "direction")
    currency = list_filters.text_of(request.GET, "currency") or None
    is_overdue = bool(list_filters.text_of(request.GET, "overdue"))
    answer = open_items.open_items(
        request.access.tenant_id, direction=direction, currency=currency, limit=EVERY
    )
    rows = _owed(answer["results"], is_overdue=is_overdue)
    if downloads.wants_file(request):
        return downloads.file(request, "open-invoices", COLUMNS, rows)
    part = more.by_offset(request, A_PAGE)
    context = {
        "rows": rows[part.start : part.end],
        "totals": _totals(rows),
        "today": answer["today"],
        "direction": direction,
        "overdue": is_overdue,
        **part.link(len(rows)),
    }
    return render(request, "web/open_invoices.html", context)


def _owed(items: list[Row], *, is_overdue: bool) -> list[Row]:
    return [
        {**row, "records": NAMES[row["item"], row["direction"]]}
        for row in items
        if row["item"] in open_items.OWED and (row["days_overdue"] > 0 or not is_overdue)
    ]


def _totals(rows: list[Row]) -> list[Sum]:
    """The open amounts by currency, the greatest first."""
    totals: dict[str, tuple[Decimal, int]] = {}
    for row in rows:
        amount, count = totals.get(row["currency"], (Decimal(0), 0))
        totals[row["currency"]] = amount + row["open"], count + 1
    sums = [Sum(currency, *of) for currency, of in totals.items()]
    return sorted(sums, key=lambda sum_: (-sum_.amount, sum_.currency))
