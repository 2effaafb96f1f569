"""What has become of a prediction by a day."""

from datetime import date
from typing import Any

from graph.models.choices import PredictionStatus

STALE = "stale"  # the books that it rests on ended too long ago


def status_on(today: date, columns: dict[str, Any]) -> str:
    """Pending, overdue, fulfilled or stale by that day; `columns`: the prediction's in the view."""
    if columns["status"] == PredictionStatus.FULFILLED:
        return PredictionStatus.FULFILLED.value
    if columns["stale_from"] is not None and columns["stale_from"] <= today:
        return STALE
    passed = columns["expected_to"] is not None and columns["expected_to"] < today
    return PredictionStatus.OVERDUE.value if passed else PredictionStatus.PENDING.value
