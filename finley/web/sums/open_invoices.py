"""The open invoices, bills and expense claims, the longest overdue first."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from finley.web import answer_cache, downloads, list_filters, more
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from finley.web.sums.money_totals import Sum
from graph.errors import QuestionError
from graph.questions import cases, open_items

A_PAGE = 50  # rows
EVERY = 10**9  # rows; no tenant has as many
NAMES = {
    ("invoice", "payable"): "bill",
    ("invoice", "receivable"): "invoice",
    ("claim", "payable"): "expense claim",
    ("claim", "receivable"): "expense claim",
}
COLUMNS = (
    Column("Due", lambda row: row["due_on"]),
    Column("Days overdue", lambda row: row["days_late"]),
    Column("Type", lambda row: row["records"]),
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
    """The page of what is owed and not settled. Parameters: `direction` (payable, receivable),
    `currency`, `party` (an id or a part of a name), `since` and `until` (due days), and `overdue`
    (only what is overdue)."""
    list_filters.require_known(
        request.GET, "direction", "currency", "party", "since", "until", "overdue"
    )
    direction = list_filters.text_of(request.GET, "direction") or open_items.DIRECTIONS[0]
    if direction not in open_items.DIRECTIONS:
        raise QuestionError(f"Say {' or '.join(open_items.DIRECTIONS)}.", "direction")
    currency = list_filters.text_of(request.GET, "currency") or None
    is_overdue = bool(list_filters.text_of(request.GET, "overdue"))
    since, until = list_filters.days(request.GET)
    user_id = request.access.tenant_id
    answer = open_items.open_items(
        user_id, direction=direction, currency=currency, limit=EVERY,
        party=list_filters.text_of(request.GET, "party") or None,
    )  # fmt: skip
    rows = [
        row
        for row in _owed(answer["results"])
        if (row["days_late"] or not is_overdue) and _is_due(row, since, until)
    ]
    if downloads.wants_file(request):
        return downloads.file(request, "open-invoices", COLUMNS, rows)
    part = more.by_offset(request, A_PAGE)
    context = {
        "rows": _with_cases(user_id, rows[part.start : part.end]),
        "totals": _totals(rows),
        "today": answer["today"],
        "direction": direction,
        "overdue": is_overdue,
        "since": since,
        "until": until,
        "party": list_filters.party_name(user_id, request.GET),
        **part.link(len(rows)),
    }
    return render(request, "web/open_invoices.html", context)


def _with_cases(user_id: UUID, rows: list[Row]) -> list[Row]:
    """Copies of the rows, each with `case`: the id of the case in which it may be billed twice.
    None if there is none, or if a person dismissed it."""
    ids = [UUID(row["id"]) for row in rows]
    case_of = cases.of_rows(user_id, ids, states=cases.AT_RISK, roles=cases.COMPARED)
    return [{**row, "case": case_of.get(UUID(row["id"]))} for row in rows]


def due_between(user_id: UUID, since: date, until: date) -> list[Row]:
    """The open invoices that are due from the day `since` to the day `until`, as sums in the form
    of `by_direction`."""
    items = answer_cache.answer(all_owed, user_id)
    rows = [row for row in items if _is_due(row, since, until)]
    return by_direction(rows, since=str(since), until=str(until))


def of_party(user_id: UUID, party: str) -> list[Row]:
    """The open invoices to and from one party, as sums in the form of `by_direction`. `party` is
    its id."""
    items = open_items.open_items(user_id, party=party, limit=EVERY)["results"]
    return by_direction(_owed(items), party=party)


def by_direction(rows: list[Row], **query: str) -> list[Row]:
    """Sum up open invoices: one dict per direction and currency with `direction`, `sum`, and
    `query`, the query string of the page that lists its rows. `query` has further parameters of
    that string."""
    return [
        {
            "direction": direction,
            "sum": total,
            "query": urlencode({"direction": direction, "currency": total.currency, **query}),
        }
        for direction in open_items.DIRECTIONS
        for total in _totals([row for row in rows if row["direction"] == direction])
    ]


def all_owed(user_id: UUID) -> list[Row]:
    """All open invoices, bills and expense claims of the tenant, each as one row."""
    return _owed(open_items.open_items(user_id, limit=EVERY)["results"])


def _owed(items: list[Row]) -> list[Row]:
    return [
        {**row, "records": NAMES[row["item"], row["direction"]], "days_late": _days_late(row)}
        for row in items
        if row["item"] in open_items.OWED
    ]


def _days_late(row: Row) -> int:
    """The days since the due day, 0 until then. A row that states no due day is never late."""
    return max(row["days_overdue"] or 0, 0)


def _is_due(row: Row, since: date | None, until: date | None) -> bool:
    """Return whether the row is due in these days; None means no limit. A row without a due day
    counts as due on the day of the invoice."""
    day = row["due_on"] or row["day"]
    return (since is None or day >= since) and (until is None or day <= until)


def _totals(rows: list[Row]) -> list[Sum]:
    """The sums of the open amounts by currency, the greatest first."""
    totals: dict[str, tuple[Decimal, int]] = {}
    for row in rows:
        amount, count = totals.get(row["currency"], (Decimal(0), 0))
        totals[row["currency"]] = amount + row["open"], count + 1
    sums = [Sum(currency, *of) for currency, of in totals.items()]
    return sorted(sums, key=lambda sum_: (-sum_.amount, sum_.currency))
