"""The list of payments, filtered by party, days, amounts or document number, and as a file."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import downloads, list_filters
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from graph.layers import LAYERS
from graph.questions import relationships as listing
from graph.reading import cursors

A_PAGE = 50
COLUMNS = (
    Column("Date", lambda row: row["occurred_at"].date()),
    Column("Type", lambda row: row["relationship_type"].replace("_", " ")),
    Column("From", lambda row: _name(row["source"])),
    Column("To", lambda row: _name(row["target"])),
    Column("Amount", lambda row: row["amount"]),
    Column("Currency", lambda row: row["currency"]),
    Column("Document", lambda row: row["document_ref"]),
    Column("Why it is there", lambda row: row["reason"]),
    Column("Id", lambda row: str(row["id"])),
)
Row = dict[str, Any]


@page()
def payments(request: PageRequest) -> HttpResponse:
    """Payments, newest first, in pages. A payment that several sources saw is listed once per
    source."""
    filters = list_filters.of_payments(request.GET)
    user_id = request.access.tenant_id
    if downloads.wants_file(request):
        return downloads.file(request, "payments", COLUMNS, every(user_id, filters))
    rows, following = listing.relationships(
        user_id, filters, most=A_PAGE, after=list_filters.position(request.GET)
    )
    context = {
        "rows": rows,
        "next": cursors.cursor(following),
        "layers": [layer.name for layer in LAYERS],
        "has": request.GET.get("has", ""),
        "narrowed": bool(filters),
    }
    return render(request, "web/payments.html", context)


def every(user_id: UUID, filters: Row) -> list[Row]:
    """All rows of the list, at most as many as a file may have."""
    rows: list[Row] = []
    after = None
    while len(rows) <= downloads.MOST:
        some, after = listing.relationships(user_id, filters, most=2_000, after=after)
        rows += some
        if after is None:
            break
    return rows


def _name(entity: Any) -> str:
    return entity.name if entity else ""
