"""Layer 2, temporal: the series that recur, and the payments that belong to each."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from graph.enrich.columns.payments import Payments
from graph.enrich.series.detect import Series
from graph.enrich.series.forecast import Course, Todays, is_active, next_day
from graph.enrich.write import patterns as write_patterns
from graph.enrich.write.counts import Counts
from graph.enrich.write.patterns import Shared
from graph.models.enrichment import TemporalPattern

EPOCH = date(1970, 1, 1)
DIGITS = 4  # stored digits of scores and days


def enrich(user_id: UUID, payments: Payments, every: Sequence[Course], until: Todays) -> Counts:
    """Write one row of layer 2 per series as of each source's today, and point its payments to
    it. Return the numbers of changed rows."""
    patterns = [pattern(payments, course, until[source_of(payments, course)]) for course in every]
    return write_patterns.write(user_id, "temporal", TemporalPattern, patterns)


def source_of(payments: Payments, course: Course) -> str:
    return str(payments.source[course.series.places[0]])


def this_day() -> int:
    """Return today as days since 1970-01-01, UTC."""
    return (datetime.now(UTC).date() - EPOCH).days


def on(day: int) -> date:
    return EPOCH + timedelta(days=day)


def key(payments: Payments, series: Series) -> str:
    """Return a text that identifies the series: source|payer|payee|currency|key of the first row,
    with an ordinal if several series begin with that row.

    It stays the same while the series goes on, whatever other series are found.
    """
    first = series.places[0]
    ends = (str(payments.entities.id[payments.payer[first]]),
            str(payments.entities.id[payments.payee[first]]))  # fmt: skip
    parts = (payments.source[first], *ends, payments.currency[first], payments.external_id[first])
    return "|".join(parts) + (f"|{series.ordinal + 1}" if series.ordinal else "")


def pattern(payments: Payments, course: Course, until: int) -> Shared:
    """Return the series' row of layer 2, as of the day `until`."""
    series = course.series
    gaps = np.diff(course.days)
    coming = next_day(course, until)
    columns = {
        "recurrence_score": round(min(max(series.score, 0.0), 1.0), DIGITS),
        "recurrence_frequency": series.frequency,
        "last_occurrence": on(int(course.days[-1])),
        "next_predicted_occurrence": None if coming is None else on(coming),
        "interval_mean_days": round(float(gaps.mean()), DIGITS),
        "interval_spread_days": round(float(gaps.std()), DIGITS),
        "occurrences": len(course.slots),
        "active": is_active(course, until),
        "evidence": dict(_evidence(payments, course)),
    }
    return Shared(key(payments, series), columns, list(payments.relationship[series.places]))


def _evidence(payments: Payments, course: Course) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) of the numbers that the series' score rests on."""
    fit = course.series.fit
    amounts = payments.amount[course.series.places] / 10_000
    missed = np.setdiff1d(np.arange(course.slots[0], course.slots[-1] + 1), course.slots)
    yield "grade", "probable" if course.series.is_probable else "sure"
    yield "first_occurrence", on(int(course.days[0])).isoformat()
    yield "expected", fit.expected
    yield "kept", len(course.slots)
    yield "extra_rows", len(course.series.places) - len(course.slots)
    yield "missed", [on(day).isoformat() for day in course.habit.expected(missed[-12:]).tolist()]
    yield "window_days", fit.width
    yield "weekend", course.habit.weekend
    yield "mean_error_days", round(course.habit.spread, DIGITS)
    yield "log_odds_against_chance", round(fit.odds, DIGITS)
    yield "median_amount", round(float(np.median(amounts)), 2)
    yield "least_amount", round(float(amounts.min()), 2)
    yield "greatest_amount", round(float(amounts.max()), 2)
    yield "currency", str(payments.currency[course.series.places[0]])
    yield "payments", list(payments.external_id[course.series.places][-24:])
