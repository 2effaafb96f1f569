"""Merging two parties by hand: find the other one, see what both have, merge, and take it back."""

from typing import Any, cast, get_args
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from finley.models import Role
from finley.web import list_filters
from finley.web.access import PageRequest, page, require_same_tenant
from graph.enrich.resolution.resolve import PARTIES
from graph.errors import DecidedMeanwhile, NotFound, QuestionError
from graph.questions import entities, search
from graph.questions.decisions import resolutions
from graph.questions.decisions.resolutions import Word
from graph.questions.rows import merge_preview

OFFERED = 20  # parties that a search offers
SAID = {
    "merge": "The two are one party now.",
    "apart": "The two stay two parties.",
    "undo": "That decision was taken back.",
}
SEARCHED = 100  # parties among which those that can be merged are looked for
Row = dict[str, Any]


@page(Role.REVIEWER)
def merge(request: PageRequest, entity_id: UUID) -> HttpResponse:
    """The page for merging the party with another one. `name` searches for other parties; for the
    party `other` the page shows beforehand what both have."""
    list_filters.require_known(request.GET, "name", "other")
    user_id = request.access.tenant_id
    entity = entities.party(user_id, entity_id, limit=1)
    if entity["kind"] not in PARTIES:
        raise QuestionError("Only vendors, customers and employees can be merged.", "entity")
    text = list_filters.text_of(request.GET, "name")[:200]
    other = list_filters.text_of(request.GET, "other")
    preview = _preview(user_id, _id(entity["id"]), _id(other)) if other else None
    context = {
        "entity": entity,
        "text": text,
        "offers": _offers(user_id, text, str(entity["id"])) if text else [],
        "preview": preview,
    }
    return render(request, "web/party_merge.html", context)


def _preview(user_id: UUID, one: UUID, other: UUID) -> Row:
    """The preview of merging two parties, with the columns of its table as `sides`: each party, and
    both together."""
    preview = merge_preview.preview(user_id, one, other)
    return {**preview, "sides": [preview["one"], preview["other"], preview["together"]]}


def _offers(user_id: UUID, text: str, entity_id: str) -> list[Row]:
    """The parties that a search for the text finds and that can be merged with the party
    `entity_id`, the best match first."""
    rows = search.entities(user_id, text, limit=SEARCHED).entities
    mergeable = [row for row in rows if row["kind"] in PARTIES and row["id"] != entity_id]
    return mergeable[:OFFERED]


@require_POST
@page(Role.REVIEWER)
def one_party(request: PageRequest, entity_id: UUID) -> HttpResponse:
    """Merge a party with another one, keep the two apart, or take such a decision back.

    The form's `seen` is the decision that the person saw. It may be missing.
    """
    require_same_tenant(request, must_name=True)
    word, seen = request.POST.get("word", ""), request.POST.get("seen")
    if word not in get_args(Word):
        raise QuestionError("Choose merge, apart or undo.", "word")
    one, other = (_id(request.POST.get(name, str(entity_id))) for name in ("one", "other"))
    by = str(request.access.person.email)
    try:
        resolutions.one_party(
            request.access.tenant_id, one, other, cast(Word, word), by=by, seen=seen
        )
        messages.success(request, SAID[word])
    except (DecidedMeanwhile, NotFound) as error:
        messages.warning(request, str(error))
    return redirect("party", entity_id)


def _id(text: UUID | str) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise QuestionError("There is no such party.", "other") from None
