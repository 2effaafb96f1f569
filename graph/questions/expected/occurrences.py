"""The occurrences of a recurring series from today on: the predicted one, and those after it if the
series goes on as before."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from graph.enrich.series.further import FAR_DAYS, NEAR_DAYS, SHORT
from graph.enrich.series.periods import BY_FREQUENCY
from graph.layers import FURTHER
from graph.models.choices import PredictionStatus
from graph.questions import days

PROJECTED = "projected"  # the status of an occurrence after the predicted one
Answer = dict[str, Any]


def of(row: Answer, today: date, until: date) -> Iterator[Answer]:
    """Yield a prediction's row for each occurrence of its series up to the day `until`.

    Each has its `day`: the most likely one, or today if that has passed and the occurrence may
    still come. The first is the prediction itself, unless it is stale; an overdue one has its day
    in the past. The others have the status `projected`, their own days and amounts, and no
    confidence. They reach a year ahead, or three months if the series recurs more often than every
    four weeks. A series that missed two occurrences in a row is not projected.

    `row` is one of `insights` with its day and status as of `today`.
    """
    status = row["insight"]["status"]
    if status not in (PredictionStatus.PENDING, PredictionStatus.OVERDUE):
        return
    first = most_likely(row)
    if first is None:
        return
    if status == PredictionStatus.PENDING:
        first = max(first, today)
    if first <= until:
        yield {**row, "day": first}
    yield from _projected(row, today, min(until, days.later(today, _reach(row))))


def most_likely(row: Answer) -> date | None:
    """Return the most likely day of a prediction; None if it has no day."""
    likeliest = row["evidence"].get("most_likely")
    day: date | None = row["insight"]["expected_from"]
    return date.fromisoformat(likeliest) if likeliest else day


def _reach(row: Answer) -> timedelta:
    """Return for how long after its prediction the series is projected."""
    frequency = BY_FREQUENCY.get(str(row["evidence"].get("agreed", "")).partition(" ")[0])
    is_short = frequency is None or frequency.period < SHORT
    return timedelta(days=NEAR_DAYS if is_short else FAR_DAYS)


def _projected(row: Answer, today: date, until: date) -> Iterator[Answer]:
    insight, likeliest = row["insight"], most_likely(row)
    if likeliest is None or not row[FURTHER]:
        return
    before, after = likeliest - insight["expected_from"], insight["expected_to"] - likeliest
    if days.later(date.fromisoformat(row[FURTHER][0][0]), after) < today:
        return
    for written, low, high in row[FURTHER]:
        day = date.fromisoformat(written)
        if max(day, today) > until:
            return
        columns = {
            "status": PROJECTED,
            "expected_from": day - before,
            "expected_to": days.later(day, after),
            "amount_low": Decimal(low),
            "amount_high": Decimal(high),
            "prediction_confidence": None,
            "prediction_reason": f"if it goes on as before, most likely on {day}",
        }
        yield {**row, "insight": {**insight, **columns}, "day": max(day, today)}
