"""Pages that list the rows of one sum: money in or out, a group of Spending, a party, or new
rows."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import downloads, list_filters, more, since_last_visit
from finley.web.access import PageRequest, page
from finley.web.payments import A_PAGE, COLUMNS
from finley.web.sums.spending import unnamed
from finley.web.words import text
from graph.errors import QuestionError
from graph.questions import cash_flow, entities, periods, relationships, search, spend
from graph.questions.rows import of_file, records
from syncjobs.uploads import lifecycle

WAYS = {
    "in": "Money in",
    "out": "Money out",
    "off_statement": "Payments that no account's statement shows",
}
OF_A_PARTY = {"in": "Received by", "out": "Paid by", "off_statement": "No statement shows, of"}
Row = dict[str, Any]


class Sum(NamedTuple):
    """An amount above the list. `word` is "in" or "out" if the page has a sum for each direction,
    else ""."""

    word: str
    amount: Decimal


@page()
def cash(request: PageRequest) -> HttpResponse:
    """The page of the payments that a sum of money counts. Parameters: `way` (in, out,
    off_statement), `currency`, and if wanted `since`, `until` and `party` (an id)."""
    query = request.GET
    way = list_filters.text_of(query, "way")
    if way not in WAYS:
        raise QuestionError(f"Say one of {', '.join(WAYS)}.", "way")
    since, until = list_filters.days(request.GET)
    user_id, party = request.access.tenant_id, list_filters.text_of(query, "party")
    currency = list_filters.text_of(query, "currency")
    payments = cash_flow.payments_of(
        user_id,
        currency,
        way,
        party=party or None,
        since=datetime.combine(since, time.min, UTC) if since else None,
        until=datetime.combine(until, time.max, UTC) if until else None,
    )
    name = list_filters.names(user_id, query).get("party", party)
    title = f"{OF_A_PARTY[way]} {name}" if party else WAYS[way]
    title = f"{title}{_in_days(since, until)}"
    sums = _by_direction(payments) if way == "off_statement" else _sums(payments)
    return _shown(request, payments, title, currency, sums)


@page()
def spending(request: PageRequest) -> HttpResponse:
    """The page of the payments that a sum of the page Spending counts. Parameters: `by`, `party`
    (an id) or `name`, `currency`, `since` and `until`. With `compared` (month, quarter, year) it
    lists the payments that are compared with this period's, and the days are only named."""
    query, user_id = request.GET, request.access.tenant_id
    by = list_filters.text_of(query, "by") or spend.BY[0]
    if by not in spend.BY:
        raise QuestionError(f"Say one of {', '.join(spend.BY)}.", "by")
    compared = list_filters.text_of(query, "compared") or None
    if compared not in (None, *periods.PERIODS):
        raise QuestionError(f"Say one of {', '.join(periods.PERIODS)}.", "compared")
    since, until = list_filters.days(request.GET)
    currency = list_filters.text_of(query, "currency")
    name, party = query.get("name", "").replace("\0", "") or None, _party(request)
    if party is not None:
        name = party["name"]
    group = (name, None if party is None else str(party["id"]), currency)
    payments = spend.payments_of(user_id, group, by=by, since=since, until=until, compared=compared)
    title = f"Spent: {name or unnamed(by)}{_in_days(since, until)}"
    return _shown(request, payments, title, currency, _sums(payments))


@page()
def dealings(request: PageRequest, entity_id: UUID) -> HttpResponse:
    """The page of the payments that a sum of a party's page counts. Parameters: `other` (the other
    party's id), `way` (in: the other party pays this one; out: the reverse), `currency`."""
    query, user_id = request.GET, request.access.tenant_id
    way, currency = (list_filters.text_of(query, name) for name in ("way", "currency"))
    other = _party(request, "other")
    if other is None or way not in {"in", "out"}:
        raise QuestionError("Name the other party, and say in or out.", "other")
    payments = entities.payments_with(user_id, entity_id, other["id"], way, currency)
    (entity,) = search.entities_of(user_id, [entity_id])
    payer, payee = (other, entity) if way == "in" else (entity, other)
    title = f"From {payer['name']} to {payee['name']}"
    return _shown(request, payments, title, currency, _sums(payments))


@page()
def added(request: PageRequest) -> HttpResponse:
    """The page of the rows that were added since the person's last visit, whose number the overview
    shows."""
    last_visit, user_id = since_last_visit.since(request), request.access.tenant_id
    if last_visit is None:
        return listed(request, 0, lambda start, end: [], {"title": "New rows"})
    count = since_last_visit.count_of_rows(user_id, last_visit)
    ids = partial(since_last_visit.new_rows, user_id, last_visit)
    title = f"New rows since your last visit, {text.day(last_visit)}"
    return listed(request, count, ids, {"title": title})


@page()
def of_upload(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """The page of the rows of an imported file, as the books have them."""
    user_id = request.access.tenant_id
    upload = lifecycle.get(user_id, upload_id)
    parts = (upload.outcome or {}).get("parts", [])
    count = of_file.count(user_id, parts)
    ids = partial(of_file.ids, user_id, parts)
    return listed(request, count, ids, {"title": f"Rows of {upload.name}"})


def _party(request: PageRequest, field: str = "party") -> Row | None:
    text_ = list_filters.text_of(request.GET, field)
    if not text_:
        return None
    try:
        rows = search.entities_of(request.access.tenant_id, [UUID(text_)])
    except ValueError:
        rows = []
    if not rows:
        raise QuestionError("There is no such party.", field)
    return rows[0]


def _in_days(since: date | None, until: date | None) -> str:
    """The limits as words in a title, such as `, from 1 Jul 2025 to 31 Jul 2025`; "" if there is no
    limit."""
    if since is None and until is None:
        return ""
    ends = (("from", since), ("to", until))
    return "".join([",", *(f" {word} {text.day(day)}" for word, day in ends if day)])


def _sums(payments: Iterable[Row]) -> list[Sum]:
    return [Sum("", sum((row["amount"] or Decimal(0) for row in payments), Decimal(0)))]


def _by_direction(payments: Sequence[Row]) -> list[Sum]:
    """Sum up the payments in each direction: one sum for money in and one for money out, because
    the two are never added."""
    ways = {"in": True, "out": False}
    return [
        Sum(word, _sums(row for row in payments if row["comes_in"] is comes_in)[0].amount)
        for word, comes_in in ways.items()
    ]


def _shown(
    request: PageRequest, payments: Sequence[Row], title: str, currency: str, sums: list[Sum]
) -> HttpResponse:
    if not currency:
        raise QuestionError("Name the currency of the sum.", "currency")
    ids = [UUID(row["id"]) for row in payments]
    context = {"title": title, "sums": sums, "currency": currency}
    return listed(request, len(ids), lambda start, end: ids[start:end], context)


def listed(
    request: PageRequest, count: int, ids: Callable[[int, int], list[UUID]], context: Row
) -> HttpResponse:
    """The page, or the file, of a list of `count` rows. `ids(start, end)` returns the ids of the
    rows at these positions. `context` has further variables of the template."""
    user_id = request.access.tenant_id
    if downloads.wants_file(request):
        rows = records.named(user_id, relationships.with_ids(user_id, ids(0, downloads.MOST + 1)))
        return downloads.file(request, "rows", COLUMNS, rows)
    part = more.by_offset(request, A_PAGE)
    rows = relationships.with_ids(user_id, ids(part.start, part.end))
    context |= {
        "count": count,
        "rows": records.named(user_id, rows),
        **part.link(count),
    }
    return render(request, "web/sum_rows.html", context)
