"""The sentences with which `explain` describes a relationship, one per layer.

A layer's declaration (`graph.layers`) names its sentence. It is a template over the layer's columns
in the form of `str.format`, or one of the functions below if the words depend on the values.
"""

from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from graph.words import FREQUENCIES

Row = Mapping[str, Any]
Sentence = str | Callable[[Row], str]


class _NullFormatter(Formatter):
    """`str.format`, but NULL becomes "unknown", whatever its format is."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return "unknown" if value is None else str(super().format_field(value, format_spec))


def say(sentence: Sentence, row: Row) -> str:
    """Return the text of a sentence, which is a template or a function, about a row. `row` has
    the layer's columns by name."""
    if callable(sentence):
        return sentence(row)
    return _NullFormatter().vformat(sentence, (), row)


def causal(row: Row) -> str:
    score = "" if row["causal_score"] is None else f" ({row['causal_score']:.2f})"
    return f"Cause runs {row['causal_direction']}{score}."


def temporal(row: Row) -> str:
    next_day = row["next_predicted_occurrence"]
    ahead = f", next about {next_day}" if next_day else ""
    frequency = row["recurrence_frequency"]
    return f"It recurs {FREQUENCIES.get(frequency, frequency)}{ahead}."


def seasonal(row: Row) -> str:
    months = ", ".join(str(month) for month in row["seasonal_months"] or ())
    return f"Its season explains {row['seasonal_strength']:.0%} of how it varies (months {months})."


def cross_platform(row: Row) -> str:
    return f"Seen by {', '.join(row['platform_sources'])}."


def prediction(row: Row) -> str:
    days = f"{row['expected_from']} and {row['expected_to']}"
    if row["status"] == "stale":
        return (
            f"One was expected between {days}, but its books end on {row['books_until']}: "
            f"{row['prediction_reason'].rstrip('.')}."
        )
    return f"The next is {row['status']} between {days}: {row['prediction_reason'].rstrip('.')}."


def root_cause(row: Row) -> str:
    return f"{row['root_cause_analysis'].rstrip('.')}."
