"""The page of one payment: its row, its other sightings, its layers, and its links."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web.access import PageRequest, page
from graph.layers import BY_NAME
from graph.questions import explain, link_trail

Answer = dict[str, Any]
VIEW = "same_transaction"
TITLES = {
    "causal": "Cause",
    "temporal": "Frequency",
    "seasonal": "Season",
    "pattern": "Pattern",
    "cross_platform": "Seen by",
    "prediction": "What is expected next",
    "root_cause": "Where it began",
    "change": "Changes of its row",
    "fraud": "Paid twice?",
}


@page()
def payment(request: PageRequest, relationship_id: UUID) -> HttpResponse:
    user_id = request.access.tenant_id
    explained = explain.explain(user_id, relationship_id)
    walked = link_trail.trail(user_id, relationship_id)
    return render(
        request,
        "web/payment.html",
        {
            **explained,
            "in_words": _readable(explained["in_words"], explained["layers"]["fraud"]),
            "events": walked["events"],
            "views": [step for step in walked["steps"] if _is_view(step)],
            "steps": [step for step in walked["steps"] if not _is_view(step)],
            "layers": list(_layers(explained["layers"])),
        },
    )


def _is_view(step: Answer) -> bool:
    return step["distance"] == 1 and str(step["relationship"].relationship_type) == VIEW


def _layers(layers: dict[str, Answer | None]) -> Iterator[Answer]:
    """Yield all nine layers; those with a row come first."""
    for name, layer in sorted(layers.items(), key=lambda item: item[1] is None):
        yield {
            "title": TITLES[name],
            "sentence": _readable(BY_NAME[name].say(layer["insight"]), layer) if layer else None,
            "facts": list(_facts(name, layer)) if layer else [],
            "evidence": list(_evidence(layer["evidence"])) if layer else [],
            "original": (layer or {}).get("insight", {}).get("original_relationship_id"),
        }


def _readable(sentence: str, layer: Answer | None) -> str:
    """The sentence, in which the id of a repeated payment is replaced by the earlier row's key."""
    original = (layer or {}).get("insight", {}).get("original_relationship_id")
    if layer is None or original is None:
        return sentence
    pair = layer["evidence"].get("rows", [])
    key = f"row {pair[1]['key']}" if len(pair) > 1 else "an earlier payment"
    return sentence.replace(str(original), key)


def _facts(name: str, layer: Answer) -> Iterator[tuple[str, Any, str]]:
    """Yield the meaning of each column, and its value."""
    for column in BY_NAME[name].columns:
        value = layer["insight"][column.name]
        if value is not None and column.type != "uuid":
            yield column.name.replace("_", " "), _value(value), column.meaning


def _evidence(evidence: Answer) -> Iterator[tuple[str, Any]]:
    for name, value in evidence.items():
        if name != "rows" and value not in (None, "", [], {}):
            yield name.replace("_", " "), _value(value)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, list):
        more = f" and {len(value) - 12} more" if len(value) > 12 else ""
        return ", ".join(map(str, value[:12])) + more
    if isinstance(value, dict):
        return "; ".join(f"{key}: {inner}" for key, inner in value.items())
    return str(value)
