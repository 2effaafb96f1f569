"""The queue of expected payments that did not come. A person cancels them or expects them again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from finley.models import Role
from finley.web import answer_cache, due_and_risen, list_filters, more
from finley.web.access import PageRequest, page
from graph.errors import DecidedMeanwhile, NotFound, QuestionError
from graph.questions.decisions import predictions
from graph.questions.rows import other_names

A_PAGE = 25  # payments
OVERDUE, DISMISSED = "overdue", "dismissed"
DONE = {
    predictions.DISMISS: "dismissed",
    predictions.ELSEWHERE: "settled elsewhere",
    predictions.EXPECT: "expected again",
}


@page()
def queue(request: PageRequest) -> HttpResponse:
    """The page of payments that did not come. The parameter `show` is overdue (the default; the
    longest overdue first) or dismissed."""
    show = list_filters.text_of(request.GET, "show") or OVERDUE
    if show not in {OVERDUE, DISMISSED}:
        raise QuestionError(f"There is no queue {show}.", "show")
    part, user_id = more.by_offset(request, A_PAGE), request.access.tenant_id
    if show == OVERDUE:
        overdue = answer_cache.answer(due_and_risen.expected, user_id).overdue
        rows, count = [_flat(row) for row in overdue[part.start : part.end]], len(overdue)
    else:
        rows, count = predictions.dismissed(user_id, most=part.end - part.start, offset=part.start)
    perhaps = other_names.perhaps_the_same(user_id)
    context = {
        "rows": [{**row, "perhaps": _perhaps(row, perhaps)} for row in rows],
        "count": count,
        "show": show,
        **part.link(count),
    }
    return render(request, "web/review_missed.html", context)


def _flat(row: due_and_risen.Row) -> due_and_risen.Row:
    """The row of an overdue prediction with the keys that `predictions.dismissed` returns, so that
    one template shows both."""
    names = ("source", "target", "currency", "late")
    return {**row["insight"], **{name: row[name] for name in names}, "relationship": row["id"]}


def _perhaps(row: due_and_risen.Row, perhaps: dict[UUID, due_and_risen.Row]) -> list[Any]:
    """The parties that may be the same as one of the row's two parties."""
    ends = (row["source"], row["target"])
    return [perhaps[end.id] for end in ends if end is not None and end.id in perhaps]


@require_POST
@page(Role.REVIEWER)
def decide(request: PageRequest, prediction: UUID) -> HttpResponse:
    """Dismiss the expected payment, say that it was settled elsewhere, or expect it again.

    If another person decided first, the page shows that decision.
    """
    action = request.POST.get("action", "")
    if action not in predictions.ACTIONS:
        raise QuestionError("Choose dismiss, elsewhere or expect.", "action")
    user_id, by = request.access.tenant_id, str(request.access.person.email)
    try:
        predictions.decide(user_id, prediction, action, by=by)
        messages.success(request, f"The payment is {DONE[action]}.")
    except (DecidedMeanwhile, NotFound) as error:
        messages.warning(request, str(error))
    back = request.POST.get("back", "")
    if back.startswith("/recurring/"):
        return redirect(back)
    show = DISMISSED if action == predictions.EXPECT else OVERDUE
    return redirect(f"{reverse('review-missed')}?show={show}#next")
