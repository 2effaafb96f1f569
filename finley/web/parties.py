"""The list of parties, found by name even with typos, and the page of one party."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import charts, downloads, due_and_risen, list_filters, more
from finley.web.access import PageRequest, page
from finley.web.downloads import Column
from finley.web.overview import month_address
from finley.web.sums import open_invoices
from finley.web.words import choices
from graph.enrich.resolution.resolve import PARTIES
from graph.errors import QuestionError
from graph.models.choices import EntityKind
from graph.questions import (
    cases,
    cash_flow,
    days,
    entities,
    insights,
    relationships,
    search,
)
from graph.questions.expected import occurrences
from graph.questions.expected.due import CASH_OF, last_day
from graph.questions.rows import merge_preview, other_names, records

A_PAGE = 50  # parties
RECENT = 25
COUNTERPARTIES = 30
AHEAD = 30  # days in which the page names every occurrence of a recurring payment
COLUMNS = (
    Column("Name", lambda row: row["name"]),
    Column("Kind", lambda row: choices.PARTIES[row["kind"]]),
    Column(
        "Identifiers", lambda row: "; ".join(f"{k}: {v}" for k, v in (row["keys"] or {}).items())
    ),
    Column("Id", lambda row: row["id"]),
)
OWN = {"in": "Received", "out": "Paid"}  # what the tiles of an own account or department say
DEALT = {"in": "We paid", "out": "We received"}  # another party receives what we pay
Row = dict[str, Any]


@page()
def parties(request: PageRequest) -> HttpResponse:
    """The page that lists the parties by name. For a search, the most similar names come first."""
    list_filters.require_known(request.GET, "kind", "q", "after_likeness", "after_name", "after_id")
    kind = list_filters.text_of(request.GET, "kind") or None
    if kind not in (None, *EntityKind.values):
        raise QuestionError(f"There is no kind {kind}.", "kind")
    text = list_filters.text_of(request.GET, "q")[:200]
    user_id = request.access.tenant_id
    if downloads.wants_file(request):
        return downloads.file(request, "parties", COLUMNS, _every(user_id, text, kind))
    pages = more.by_cursor(request, A_PAGE, "after_id")
    after = None if pages.is_first else _after(request)
    result = search.entities(user_id, text, kind=kind, limit=pages.most, after=after)
    context = {
        "found": result,
        "kind": kind,
        "kinds": sorted(result.kinds.items()),
        "kind_names": choices.PARTIES,
        **pages.link(**_following(result.following)),
    }
    return render(request, "web/parties.html", context)


def _every(user_id: UUID, text: str, kind: str | None) -> list[Row]:
    rows: list[Row] = []
    after = None
    while len(rows) <= downloads.MOST:
        result = search.entities(user_id, text, kind=kind, limit=5_000, after=after)
        rows += result.entities
        after = result.following
        if after is None:
            break
    return rows


def _following(after: search.After | None) -> dict[str, Any]:
    names = ("after_likeness", "after_name", "after_id")
    return {} if after is None else dict(zip(names, after, strict=True))


def _after(request: PageRequest) -> search.After | None:
    likeness, name, entity = (request.GET.get(f"after_{x}") for x in ("likeness", "name", "id"))
    if not (likeness and name is not None and entity):
        return None
    try:
        return float(likeness), name.replace("\0", ""), UUID(entity)
    except ValueError:
        raise QuestionError(
            "This page of the list no longer exists. Begin again.", "after"
        ) from None


@page()
def party(request: PageRequest, entity_id: UUID) -> HttpResponse:
    """The page of one party and its payments, from the party's point of view: money that it
    receives is money in."""
    user_id = request.access.tenant_id
    entity = entities.party(user_id, entity_id, limit=COUNTERPARTIES)
    party_id = str(entity["id"])
    flow = cash_flow.cash_flow(user_id, party=party_id)
    rows, following = relationships.relationships(user_id, {"party": party_id}, most=RECENT)
    context = {
        "entity": entity,
        "keys": merge_preview.keys(user_id, entity),
        "ways": OWN if entity["kind"] in CASH_OF else DEALT,
        "totals": merge_preview.totals(flow["months"]),
        "charts": _charts(flow, party_id, entity["kind"]),
        "payments": records.named(user_id, rows),
        "open_sums": open_invoices.of_party(user_id, party_id),
        "all_payments": following is not None,
        "merges": merge_preview.merges(user_id, entity),
        "may_merge": entity["kind"] in PARTIES,
        "perhaps": other_names.perhaps_the_same(user_id).get(UUID(party_id)),
        **_findings(user_id, party_id),
    }
    return render(request, "web/party.html", context)


def _charts(flow: Row, entity_id: str, kind: str) -> list[charts.BarChart]:
    """Charts of the party's money by month, one per currency, with the colours of the tenant's
    point of view: money to a vendor is money out, money from a customer is money in."""
    is_own = kind in CASH_OF
    names = {"in": "it received", "out": "it paid"}
    other = names if is_own else {"in": names["out"], "out": names["in"]}
    ways = {"in": "in", "out": "out"} if is_own else {"in": "out", "out": "in"}

    def address(month: str, currency: str, way: str) -> str:
        return month_address(month, currency, ways[way], party=entity_id)

    return charts.cash_by_month(flow if is_own else charts.turned(flow), address, other)


def _findings(user_id: UUID, entity_id: str) -> Row:
    """The template's variables of the party's findings: its `expected` payments, and `twice`, its
    possible double payments."""
    expected, _ = insights.insights(user_id, "prediction", party=entity_id, once=True)
    twice, _ = insights.insights(user_id, "fraud", party=entity_id, status="open", once=True)
    today = days.today(user_id)
    return {
        "expected": [
            {**due_and_risen.with_lateness(row, today), "then": _then(row, today)}
            for row in records.named(user_id, expected)
        ],
        "ahead": AHEAD,
        "twice": _once_a_case(user_id, twice),
    }


def _once_a_case(user_id: UUID, rows: list[Row]) -> list[Row]:
    """Copies of the rows, each with the `case` that it is in, None if there is none. Of a case only
    the first row is returned."""
    case_of = cases.of_rows(user_id, [row["id"] for row in rows])
    firsts = {case_of.get(row["id"], row["id"]): row for row in reversed(rows)}
    return [
        {**row, "case": case_of.get(row["id"])}
        for row in rows
        if firsts[case_of.get(row["id"], row["id"])] is row
    ]


def _then(row: Row, today: date) -> list[date]:
    """The days on which the series recurs after its next payment, within the span AHEAD from
    today."""
    every = occurrences.of(row, today, last_day(today, AHEAD))
    return [one["day"] for one in every if one["insight"]["status"] == occurrences.PROJECTED]
