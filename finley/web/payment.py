"""The page of one payment or invoice: its row, its other sightings, its layers, and its links."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from finley.models import Role
from finley.web.access import PageRequest, page, require_same_tenant
from finley.web.words import layers
from graph.errors import DecidedMeanwhile, NotFound, QuestionError
from graph.questions import cases, explain, link_trail, relationships
from graph.questions.rows import link_decisions, records

Answer = dict[str, Any]
VIEW = "same_transaction"
APART = {  # what follows from taking a link apart, by its type
    VIEW: "Sums count both; the rest follows in a moment.",
    "settles": "The payment does not pay this invoice or bill any more, which is open again by "
    "that amount. Sums of payments do not change.",
}
OTHERWISE = "What follows from that is computed in a moment."
UNDONE = "The two belong together again, as finley had found."


@page()
def payment(request: PageRequest, relationship_id: UUID) -> HttpResponse:
    user_id = request.access.tenant_id
    explained = explain.explain(user_id, relationship_id)
    walked = link_trail.trail(user_id, relationship_id)
    (relationship,) = records.named(user_id, [explained["relationship"]])
    steps = _named(user_id, walked["steps"])
    known = list(layers.known(explained["layers"], relationship["currency"]))
    return render(
        request,
        "web/payment.html",
        {
            "relationship": relationship,
            "in_words": layers.readable(explained["in_words"], explained["layers"]["fraud"]),
            "events": [(event, _cells(event.data)) for event in walked["events"]],
            "views": [step for step in steps if _is_view(step)],
            "apart": _apart(user_id, relationship_id),
            "steps": list(_belonging(steps, walked["payment_group_id"])),
            "known": _with_rows(user_id, known),
            "case": cases.of_rows(user_id, [relationship_id]).get(relationship_id),
            "unknown": layers.unknown(explained["layers"]),
        },
    )


@require_POST
@page(Role.REVIEWER)
def apart(request: PageRequest, relationship_id: UUID) -> HttpResponse:
    """Say that the rows of a link are not the same, or take that back, and show the payment from
    whose page it was said. The form has the `link`."""
    require_same_tenant(request, must_name=True)
    word = request.POST.get("word", "")
    if word not in link_decisions.WORDS:
        raise QuestionError("Choose apart or undo.", "word")
    by = str(request.access.person.email)
    try:
        link_id = request.POST.get("link", "")
        link = link_decisions.decide(request.access.tenant_id, link_id, word, by=by)
        messages.success(request, UNDONE if word == "undo" else _said_of(link["type"]))
    except (DecidedMeanwhile, NotFound) as error:
        messages.warning(request, str(error))
    return redirect("payment", relationship_id)


def _said_of(link_type: str) -> str:
    return f"The two are apart now. {APART.get(link_type, OTHERWISE)}"


def _apart(user_id: UUID, relationship_id: UUID) -> list[Answer]:
    """The payment's links that people took apart, with the row at the other end as `other`. None
    if that row is not in the view."""
    links = link_decisions.taken_apart(user_id, relationship_id)
    ids = [link["other"] for link in links if link["other"]]
    rows = {row["id"]: row for row in relationships.with_ids(user_id, ids)} if ids else {}
    return [{**link, "other": rows.get(link["other"])} for link in links]


def _named(user_id: UUID, steps: list[Answer]) -> list[Answer]:
    """Copies of the steps, each with the facts about its row that a page shows, and the name of
    what the row records."""
    rows = [
        {**records.facts(step["relationship"], {end: step[end] for end in ("source", "target")}),
         **step}
        for step in steps
    ]  # fmt: skip
    return records.named(user_id, rows)


def _belonging(steps: list[Answer], group: UUID | None) -> Iterator[Answer]:
    """Yield the steps to other payments and invoices. Sightings of the same payment (the group) are
    left out. Each step gets `why`: the links with a reason that lead to it."""
    for step in steps:
        row = step["relationship"]
        if row.edge_class == "flow" and (group is None or row.payment_group_id != group):
            yield {**step, "why": [link for link in _leading(steps, step) if link.reason]}


def _leading(steps: list[Answer], to: Answer) -> Iterator[Any]:
    """The links that lead to this step: they are one step nearer to the payment and share an event
    with the step's row."""
    events = {to["relationship"].source_event_id, to["relationship"].target_event_id}
    for step in steps:
        link = step["relationship"]
        is_link = step["distance"] == to["distance"] - 1 and link.edge_class == "link"
        if is_link and events & {link.source_event_id, link.target_event_id}:
            yield link


def _with_rows(user_id: UUID, known: list[Answer]) -> list[Answer]:
    """Copies of the layers, in which `compared` is the row with which the layer compares the
    payment, in place of its id. None if that row is not in the view."""
    ids = [UUID(layer["compared"]) for layer in known if layer["compared"]]
    rows = {str(row["id"]): row for row in relationships.with_ids(user_id, ids)} if ids else {}
    return [{**layer, "compared": rows.get(layer["compared"])} for layer in known]


def _is_view(step: Answer) -> bool:
    return step["distance"] == 1 and str(step["relationship"].relationship_type) == VIEW


def _cells(data: Answer) -> list[tuple[str, str]]:
    """The columns of the row in its file, as (title, text) in the file's wording."""
    return [(name.replace("_", " ").capitalize(), str(value)) for name, value in data.items()]
