"""The search page: parties by name, and payments by their text, document number, amount or day."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import list_filters
from finley.web.access import PageRequest, page
from finley.web.sums import sum_rows
from graph.errors import QuestionError
from graph.questions import relationships
from graph.questions import search as parties_by_name
from graph.questions.rows import found_rows, records

SHOWN = 20  # results of each kind
Row = dict[str, Any]


@page()
def search(request: PageRequest) -> HttpResponse:
    """The page with the results for any text: a name with typos, words of a row's text, the number
    of a document or row, an amount, a day."""
    text, user_id = _text(request), request.access.tenant_id
    context: Row = {"text": text}
    if text:
        wanted = found_rows.read(text)
        found = found_rows.find(user_id, wanted, most=SHOWN + 1)
        context |= {
            "parties": parties_by_name.entities(user_id, text, limit=SHOWN),
            "spans": wanted.spans,
            "lists": [
                {"way": way, "rows": _rows(user_id, ids), "more": len(ids) > SHOWN}
                for way in found_rows.WAYS
                if (ids := getattr(found, way))
            ],
        }
    return render(request, "web/search.html", context)


@page()
def rows(request: PageRequest) -> HttpResponse:
    """All rows that a search finds. Parameters: `q`, and `way` (words, the default; amount,
    day)."""
    list_filters.require_known(request.GET, "q", "way")
    text, user_id = _text(request), request.access.tenant_id
    way = request.GET.get("way") or found_rows.WAYS[0]
    if way not in found_rows.WAYS:
        choices = ", ".join(found_rows.WAYS)
        raise QuestionError(f"There is no way {way}: say {choices}.", "way")
    ids = found_rows.ids(user_id, text, way)
    title = f"Payments and invoices: “{text}”"
    return sum_rows.listed(request, len(ids), lambda start, end: ids[start:end], {"title": title})


def _text(request: PageRequest) -> str:
    return list_filters.text_of(request.GET, "q")[: found_rows.TEXT_CHARACTERS]


def _rows(user_id: UUID, ids: Sequence[UUID]) -> list[Row]:
    return records.named(user_id, relationships.with_ids(user_id, ids[:SHOWN]))
