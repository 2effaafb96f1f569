"""Spending by party, department or category: this period compared with the one before."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import downloads, list_filters
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from graph.errors import QuestionError
from graph.questions import spend

SHOWN = 50
ORDERS = ("growth", "amount")
COLUMNS = (
    Column("Name", lambda row: row["name"]),
    Column("Period", lambda row: row["now"]["period"]),
    Column("Paid", lambda row: row["now"]["amount"]),
    Column("Paid the period before", lambda row: row["before"]["amount"]),
    Column("Change", lambda row: row["now"]["change"]),
    Column("Of that by prices", lambda row: row["now"]["price_part"]),
    Column("Currency", lambda row: row["currency"]),
)
Row = dict[str, Any]


@page()
def spending(request: PageRequest) -> HttpResponse:
    """The page. Its parameters are `by` (party, department, category), `period` (month, quarter,
    year) and `order`."""
    by = _one_of(request, "by", spend.BY)
    period = _one_of(request, "period", ("quarter", "month", "year"))
    order = _one_of(request, "order", ORDERS)
    limit = downloads.MOST if downloads.wants_file(request) else SHOWN
    answer = spend.spend(
        request.access.tenant_id, by=by, period=period, order=order, periods=2, limit=limit
    )
    rows = [_row(result) for result in answer["results"]]
    if downloads.wants_file(request):
        return downloads.file(request, "spending", COLUMNS, rows)
    context = {
        "rows": rows,
        "count": answer["count"],
        "today": answer["today"],
        "chosen": {"by": by, "period": period, "order": order},
        "by": spend.BY,
        "periods": ("quarter", "month", "year"),
        "orders": ORDERS,
    }
    return render(request, "web/spending.html", context)


def _row(result: Row) -> Row:
    now, before = result["periods"]
    return {**result, "now": now, "before": before, "price": (result["prices"] or [None])[-1]}


def _one_of(request: PageRequest, name: str, values: tuple[str, ...]) -> str:
    """The chosen value, or the first one if none is chosen. Raises QuestionError."""
    text = list_filters.text_of(request.GET, name) or values[0]
    if text not in values:
        raise QuestionError(f"Say one of {', '.join(values)}.", name)
    return text
