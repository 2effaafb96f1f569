"""The page that lists payments and invoices, with filters, and the same list as a file."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import downloads, list_filters, more
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from finley.web.sums import money_totals
from finley.web.words import choices
from graph.errors import NotFound, QuestionError
from graph.questions import relationships as listing
from graph.questions.rows import records
from graph.reading import cursors

A_PAGE = 50  # rows
TYPED = {"document_ref", "since", "until", "min_amount", "max_amount", "currency", "party"}
COLUMNS = (
    Column("Date", lambda row: row["occurred_at"].date()),
    Column("Type", lambda row: row["records"]),
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
    """The page of payments and invoices, newest first. A payment that several sources saw is listed
    once, or once per source if the parameter `once` is no. Filtered rows have their sums above
    them.

    For a filter that cannot be read, the page has the form with the entries, and what is wrong
    beside the field.
    """
    try:
        return _listed(request)
    except NotFound:
        raise
    except QuestionError as error:
        context = {**_form(request), "error": error, "is_beside": error.field in TYPED}
        context["narrowed"] = True
        return render(request, "web/payments.html", context, status=400)


def _listed(request: PageRequest) -> HttpResponse:
    filters = list_filters.of_payments(request.GET)
    user_id = request.access.tenant_id
    if downloads.wants_file(request):
        return downloads.file(request, "payments", COLUMNS, every(user_id, filters))
    pages = more.by_cursor(request, A_PAGE)
    rows, following = listing.relationships(
        user_id, filters, most=pages.most, after=more.after(request, pages)
    )
    narrowed = bool(filters.keys() - {"once"})
    sums = listing.sums(user_id, filters) if narrowed and not more.adds(request) else []
    context = {
        "rows": records.named(user_id, rows),
        "sums": sums,
        "totals": money_totals.of_sums(sums) if _are_alike(sums) else [],
        **_form(request),
        "narrowed": narrowed,
        **pages.link(**({"cursor": cursors.cursor(following)} if following else {})),
    }
    return render(request, "web/payments.html", context)


def _form(request: PageRequest) -> Row:
    """The template's variables for the form of the filters: its choices, and the names of the
    chosen parties."""
    return {
        "layers": choices.layers(),
        "kinds": choices.KINDS.items(),
        "has": request.GET.get("has", ""),
        "names": list_filters.names(request.access.tenant_id, request.GET),
    }


def _are_alike(sums: list[Row]) -> bool:
    """Return whether the sums count the same kind of row. Otherwise they must not be added: a bill
    and the payment that settles it are the same money."""
    return len({row["kind"] for row in sums}) <= 1


def every(user_id: UUID, filters: Row) -> list[Row]:
    """All rows of the list for a download, in the list's order. Reading stops soon after the number
    of rows that a file may have."""
    rows: list[Row] = []
    after = None
    while len(rows) <= downloads.MOST:
        some, after = listing.relationships(user_id, filters, most=2_000, after=after)
        rows += records.named(user_id, some)
        if after is None:
            break
    return rows


def _name(entity: Any) -> str:
    return entity.name if entity else ""
