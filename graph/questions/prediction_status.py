"""The status of a prediction on a given day."""

from datetime import date
from typing import Any

from graph.models.choices import PredictionStatus

STALE = "stale"  # the books that the prediction rests on ended too long ago


def status_on(today: date, columns: dict[str, Any]) -> str:
    """Return pending, overdue, fulfilled or stale. `columns` are the prediction's columns in the
    view."""
    if columns["status"] == PredictionStatus.FULFILLED:
        return PredictionStatus.FULFILLED.value
    if columns["stale_from"] is not None and columns["stale_from"] <= today:
        return STALE
    passed = columns["expected_to"] is not None and columns["expected_to"] < today
    return PredictionStatus.OVERDUE.value if passed else PredictionStatus.PENDING.value
