"""What the page of a payment says about each layer: a title, a sentence, and the evidence."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from finley.web.words import evidence as words_of
from finley.web.words import text
from graph.layers import BY_NAME, Column

Answer = dict[str, Any]

TITLES = {
    "causal": "What led to what",
    "temporal": "How often it comes",
    "seasonal": "Time of the year",
    "pattern": "Pattern",
    "cross_platform": "Which books have it",
    "prediction": "What is expected next",
    "root_cause": "What is unusual, and where it began",
    "change": "What was changed later",
    "fraud": "Paid twice?",
}
COLUMNS = {
    "causal_score": "How sure it is that one led to the other",
    "causal_direction": "Which one led to the other",
    "recurrence_score": "How regularly it comes",
    "recurrence_frequency": "How often",
    "last_occurrence": "The last time",
    "next_predicted_occurrence": "The next time",
    "seasonal_strength": "How much of the difference the time of the year explains",
    "seasonal_months": "Months with high amounts",
    "pattern_name": "What such rows have in common",
    "pattern_confidence": "How well this row fits",
    "platform_sources": "Books",
    "prediction_confidence": "Chance that it comes as expected",
    "prediction_reason": "Why it is expected",
    "expected_from": "Expected from",
    "expected_to": "Expected until",
    "amount_low": "At least",
    "amount_high": "At most",
    "status": "State",
    "books_until": "The books end on",
    "stale_from": "Not to be judged from",
    "root_cause_analysis": "What is unusual",
    "change_type": "What happened",
    "is_duplicate": "It may repeat another payment",
    "duplicate_confidence": "How sure that is",
}


def title(name: str) -> str:
    """The title of the layer `name`, or its name in words if it has no title."""
    return TITLES.get(name, words_of.spoken(name))


def known(layers: dict[str, Answer | None], currency: str | None) -> Iterator[Answer]:
    """Yield a dict for each layer that says something about the payment: its name, title,
    sentence, facts, and the ids of the rows that it names."""
    for name, layer in layers.items():
        if layer is not None:
            yield {
                "name": name,
                "title": title(name),
                "sentence": readable(BY_NAME[name].say(layer["insight"]), layer),
                "facts": [*_facts(name, layer, currency), *words_of.facts(layer["evidence"])],
                "original": layer["insight"].get("original_relationship_id"),
                "compared": layer["evidence"].get("other"),
                "republished": layer["evidence"].get("kind") == "republished",
            }


def unknown(layers: dict[str, Answer | None]) -> list[str]:
    """The titles of the layers that say nothing about the payment."""
    return [title(name) for name, layer in layers.items() if layer is None]


def readable(sentence: str, layer: Answer | None) -> str:
    """The layer's sentence with days and amounts in the pages' format. The id of the repeated
    payment is replaced by the key of the earlier row."""
    original = (layer or {}).get("insight", {}).get("original_relationship_id")
    if layer is not None and original is not None:
        pair = layer["evidence"].get("rows", [])
        key = f"row {pair[1]['key']}" if len(pair) > 1 else "an earlier payment"
        sentence = sentence.replace(str(original), key)
    return words_of.readable(sentence)


def _facts(name: str, layer: Answer, currency: str | None) -> Iterator[tuple[str, str]]:
    for column in BY_NAME[name].columns:
        value = layer["insight"][column.name]
        if value is not None and column.type != "uuid" and column.name not in words_of.HIDDEN:
            yield COLUMNS.get(column.name, column.meaning), _cell(column, value, currency)


def _cell(column: Column, value: Any, currency: str | None) -> str:
    if column.type == "score":
        return words_of.percent(value)
    if column.type == "money":
        return text.money(value, currency)
    if column.type == "months":
        return ", ".join(f"{date(2000, number, 1):%b}" for number in value)
    return words_of.in_words(value)
