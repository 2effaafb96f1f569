"""The search page: parties by name, payments by amount or document number."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web import list_filters
from finley.web.access import PageRequest, page
from graph.questions import relationships
from graph.questions import search as parties_by_name
from graph.questions.rows import records

SHOWN = 20  # results of each kind
TEXT_CHARACTERS = 200  # of the search
Row = dict[str, Any]


@page()
def search(request: PageRequest) -> HttpResponse:
    """The page with the results for any text: a party's name with typos, an amount, or the number
    of a document or row."""
    text = list_filters.text_of(request.GET, "q")[:TEXT_CHARACTERS]
    context: Row = {"text": text}
    if text:
        user_id = request.access.tenant_id
        context |= {
            "parties": parties_by_name.entities(user_id, text, limit=SHOWN),
            "documents": _payments(user_id, document_ref=text),
            "transactions": _payments(user_id, transaction_ref=text),
        }
        amount = list_filters.number(text)
        if amount is not None:
            context["amounts"] = _payments(user_id, min_amount=amount, max_amount=amount)
    return render(request, "web/search.html", context)


def _payments(user_id: UUID, **wanted: Any) -> list[Row]:
    rows, _ = relationships.relationships(user_id, wanted, most=SHOWN)
    return records.named(user_id, rows)
