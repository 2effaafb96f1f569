"""The queue of names that may mean one party, side by side. A person merges them or keeps them
apart."""

from typing import Any, cast, get_args
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from finley.models import Role
from finley.web import list_filters, more
from finley.web.access import PageRequest, page
from finley.web.words import choices, evidence, text
from graph.errors import DecidedMeanwhile, NotFound, QuestionError
from graph.models.choices import ResolutionDecision
from graph.questions.decisions import resolutions
from graph.questions.decisions.resolutions import Word

A_PAGE = 25  # pairs
FIELDS = (
    ("name", "Name"),
    ("kind", "Kind"),
    ("payments", "Rows with an amount"),
    ("sums", "Sums of these rows"),
    ("first", "First"),
    ("last", "Last"),
    ("keys", "Identifiers"),
    ("descriptions", "Texts"),
)
DONE = {"merge": "merged", "apart": "kept apart", "undo": "taken back"}
Row = dict[str, Any]


@page()
def queue(request: PageRequest) -> HttpResponse:
    """The page of pairs of names, the most likely first. The parameter `decided` is open (the
    default), merge, apart or automatic."""
    name = list_filters.text_of(request.GET, "decided") or ResolutionDecision.OPEN.value
    if name not in ResolutionDecision.values:
        raise QuestionError(f"There is no queue {name}.", "decided")
    decided = ResolutionDecision(name)
    part = more.by_offset(request, A_PAGE)
    pairs, count = resolutions.listed(
        request.access.tenant_id, decided, most=part.end - part.start, offset=part.start
    )
    context = {
        "pairs": [{**pair, "lines": _lines(pair)} for pair in pairs],
        "count": count,
        "decided": decided.value,
        "queues": [(decision.value, decision.label) for decision in ResolutionDecision],
        **part.link(count),
    }
    return render(request, "web/review_parties.html", context)


def _lines(pair: Row) -> list[Row]:
    return [
        {
            "title": title,
            "kept": _text(pair["kept"].get(name), name),
            "merged": _text(pair["merged"].get(name), name),
            "differs": name in {"name", "kind", "keys"}
            and pair["kept"].get(name) != pair["merged"].get(name),
        }
        for name, title in FIELDS
    ]


def _text(value: Any, field: str) -> str:
    if hasattr(value, "isoformat"):
        return text.day(value)
    if isinstance(value, int):
        return text.number(value)
    words = choices.PARTIES.get(value) or text.prose(value)
    return evidence.spaced(words) if field == "keys" else words


@require_POST
@page(Role.REVIEWER)
def decide(request: PageRequest, pair: UUID) -> HttpResponse:
    """Merge the pair, keep it apart, or undo that. If another person decided first, the page shows
    that decision."""
    word, seen = request.POST.get("word", ""), request.POST.get("seen", "")
    if word not in get_args(Word) or seen not in ResolutionDecision.values:
        raise QuestionError(
            "Choose merge, apart or undo, and send the decision that you saw.", "word"
        )
    try:
        resolutions.decide(
            request.access.tenant_id,
            pair,
            cast(Word, word),
            seen=seen,
            by=str(request.access.person.email),
        )
        messages.success(request, f"The pair was {DONE[word]}.")
    except (DecidedMeanwhile, NotFound) as error:
        messages.warning(request, str(error))
    return redirect(f"{reverse('review-parties')}?decided={seen}#next")
