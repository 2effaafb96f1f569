"""Explains a relationship: its nine layers with their rows, and a paragraph of text."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from graph.layers import BY_NAME
from graph.questions import days, insights, source_names, whole_graph
from graph.reading import current_rows

Answer = dict[str, Any]


def explain(user_id: UUID, relationship_id: UUID | str, *, today: date | None = None) -> Answer:
    """Return the relationship with its parties, its layers' columns and evidence, and a paragraph
    of text.

    A layer without a row is None. A prediction's status is as of `today`. Raises NotFound,
    ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    with current_rows.snapshot(user_id) as reader:
        relationship = whole_graph.relationship_in(reader, user_id, relationship_id, day)
        layers = _layers(user_id, relationship["layers"])
    facts = {name: value for name, value in relationship.items() if name != "layers"}
    sentences = source_names.in_words(user_id, " ".join(_sentences(facts, layers)))
    return {"today": day, "relationship": facts, "layers": layers, "in_words": sentences}


def _layers(user_id: UUID, columns: dict[str, Answer | None]) -> dict[str, Answer | None]:
    shown = {name: row for name, row in columns.items() if row is not None}
    evidence = insights.evidence_of(user_id, {name: row["id"] for name, row in shown.items()})
    return {
        name: {"insight": shown[name], "evidence": evidence.get(name, {})}
        if name in shown
        else None
        for name in columns
    }


def _sentences(facts: Answer, layers: dict[str, Answer | None]) -> Iterator[str]:
    yield _opening(facts)
    if facts["reason"].strip("."):
        reason = facts["reason"].rstrip(".")
        yield f"{reason[0].upper()}{reason[1:]}."
    for name, layer in layers.items():
        if layer is not None:
            yield BY_NAME[name].say(layer["insight"])


def _opening(facts: Answer) -> str:
    ends = [facts[end].name if facts[end] else "a party not known" for end in ("source", "target")]
    what = facts["relationship_type"].replace("_", " ")
    much = f" of {facts['amount']:,.2f} {facts['currency']}" if facts["amount"] is not None else ""
    paper = f", document {facts['document_ref']}" if facts["document_ref"] else ""
    return (
        f"{what.capitalize()}{much} from {ends[0]} to {ends[1]} "
        f"on {facts['occurred_at']:%Y-%m-%d}{paper} ({facts['confidence_score']:.0%} sure)."
    )
