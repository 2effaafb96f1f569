"""Layer 6, prediction: the next occurrence of each active series, and what became of it.

A prediction is about one agreed day of one series, and `series` and `agreed` in its evidence
identify it. It refers to the last relationship that the series had when it was made. It is pending
at first. It becomes fulfilled when the day's occurrence has come, overdue when its last expected
day has passed, and cancelled when the series has ended or is not found any more. An overdue
prediction stays visible. If its payment comes late, it becomes fulfilled. Nothing is predicted
twice.
"""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.links.sighting_pairs import Pairs
from graph.enrich.open_bills import Bills
from graph.enrich.series import forecast, other_views
from graph.enrich.series.forecast import Course, Expected, Todays
from graph.enrich.series.further import (
    further,
    may_skip_until,
    thinned,
    times_in_year,
    usual_amount,
)
from graph.enrich.temporal import key, on, source_of
from graph.enrich.write.counts import Counts
from graph.layers import FURTHER
from graph.models.choices import PredictionStatus
from graph.words import how_often

Row = dict[str, Any]
DIGITS = 4
STALE = 2  # periods after the end of the source's books from which a prediction is stale


def enrich(
    user_id: UUID,
    payments: Payments,
    every: Sequence[Course],
    until: Todays,
    *,
    same: Pairs,
    bills: Bills,
) -> Counts:
    """Write layer 6, new predictions and the state of the stored ones as of each source's today.
    Return the numbers of changed rows."""
    behind = other_views.behind(payments, every, same)
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        stored = _known(cursor, user_id)
        rows = list(predict(payments, every, until, stored, bills=bills, behind=behind))
        if not rows:
            return Counts()
        values: dict[str, Any] = {"user_id": user_id, "rows": json.dumps(rows, default=str)}
        cursor.execute(sql.read("enrich/predictions"), values)
        return Counts(*cursor.fetchone())


def _known(cursor: CursorWrapper, user_id: UUID) -> list[Row]:
    cursor.execute(sql.read("enrich/predictions_known"), {"user_id": user_id})
    names = [column.name for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        if isinstance(row["evidence"], str):
            row["evidence"] = json.loads(row["evidence"])
    return rows


def predict(
    payments: Payments,
    every: Sequence[Course],
    until: Todays,
    stored: Iterable[Mapping[str, Any]],
    *,
    bills: Bills | None = None,
    behind: Collection[int] = (),
) -> Iterator[Row]:
    """Yield each stored prediction with its state as of its source's today, and new ones (id None).

    With `bills`, a payment that settles bills is overdue only if one is unpaid. `behind` are
    positions of series that another source records longer: they expect nothing more.
    """
    by_key = {key(payments, course.series): course for course in every}
    leading = [course for at, course in enumerate(every) if at not in behind]
    scales = forecast.scales([trial for course in leading for trial in forecast.trials(course)])
    coming = {
        name: _next(
            payments, name, course, until[source_of(payments, course)], scales=scales, bills=bills
        )
        for name, course in ((key(payments, course.series), course) for course in leading)
    }
    stored_keys: set[tuple[str, str]] = set()
    for row in stored:
        name, agreed = row["evidence"].get("series", ""), row["evidence"].get("agreed", "")
        stored_keys.add((name, agreed))
        if "cancelled_by" in row["evidence"]:  # cancelled by a person
            continue
        fresh = coming.get(name)
        if fresh and fresh["evidence"]["agreed"] == agreed:
            yield {**fresh, "id": row["id"]}
        else:
            course = by_key.get(name)
            is_behind = course is not None and name not in coming
            yield _settled(payments, row, course, until, is_behind=is_behind)
    for name, fresh in coming.items():
        if fresh and (name, fresh["evidence"]["agreed"]) not in stored_keys:
            yield fresh


def _next(
    payments: Payments,
    name: str,
    course: Course,
    until: int,
    *,
    scales: dict[str, forecast.Scale],
    bills: Bills | None,
) -> Row | None:
    expected = forecast.ahead(course, scales) if forecast.is_active(course, until) else None
    while expected and expected.last < until and expected.slot < may_skip_until(course):
        expected = forecast.ahead(course, scales, after=expected.slot)
    if bills is not None and bills.settles(course):
        while expected and expected.last < until and not bills.is_unpaid(course, expected.last):
            expected = forecast.ahead(course, scales, after=expected.slot)
    if expected is None:
        return None
    row = _row(payments, name, course, expected, until)
    row["evidence"][FURTHER] = [
        [on(one.day).isoformat(), str(_money(one.low)), str(_money(one.high))]
        for one in further(course, scales, expected)
    ]
    return row


def _row(payments: Payments, name: str, course: Course, expected: Expected, until: int) -> Row:
    overdue = until > expected.last
    last = course.last[-1]
    return {
        "id": None,
        "relationship_id": payments.relationship[last],
        "prediction_confidence": round(expected.confidence, DIGITS),
        "prediction_reason": _reason(course, expected),
        "expected_from": on(expected.first).isoformat(),
        "expected_to": on(expected.last).isoformat(),
        "amount_low": str(_money(expected.low)),
        "amount_high": str(_money(expected.high)),
        "currency": payments.currency[last],
        "status": str(PredictionStatus.OVERDUE if overdue else PredictionStatus.PENDING),
        **_reach(course, until),
        "fulfilled_by_event_id": None,
        "evidence": _evidence(name, course, expected),
    }


def _reach(course: Course, until: int) -> dict[str, str]:
    """Return two ISO dates: `books_until`, the day that the source's books reach, and `stale_from`,
    from when they are too old to predict the series."""
    period = course.series.fit.grid.frequency.period
    stale = min(until + math.ceil(STALE * period) + 1, forecast.LAST_DAY)
    return {"books_until": on(until).isoformat(), "stale_from": on(stale).isoformat()}


def _evidence(name: str, course: Course, expected: Expected) -> dict[str, Any]:
    return {
        "series": name,
        "agreed": _agreed(course, expected.slot),
        "most_likely": on(expected.day).isoformat(),
        "last_occurrence": on(int(course.days[-1])).isoformat(),
        "occurrences": expected.known,
        "one_of": thinned(course),
        "times_a_year": round(times_in_year(course, expected), 1),
        "usual_amount": str(_money(round(usual_amount(course)))),
        "mean_error_days": round(course.habit.spread, DIGITS),
        "weekend": course.habit.weekend,
        "calibrated_on_trials": expected.trials,
    }


def _agreed(course: Course, slot: int) -> str:
    """Return a text that identifies the slot of a series: its frequency and the slot's number.

    The number stays while the frequency stays, though the slot's day may move a little.
    """
    return f"{course.series.frequency} {slot}"


def _reason(course: Course, expected: Expected) -> str:
    frequency = how_often(course.series.frequency, thinned(course))
    regularity = f"{len(course.slots)} of {course.slots[-1] - course.slots[0] + 1} times kept"
    probable = "probably " if course.series.is_probable else ""
    return (
        f"{probable}{frequency} since {on(int(course.days[0]))}, {regularity}, "
        f"last on {on(int(course.days[-1]))}; "
        f"most likely on {on(expected.day)}"
    )


def _money(amount: int) -> Decimal:
    return (Decimal(amount) / UNIT).quantize(Decimal("0.0001"))


def _settled(
    payments: Payments,
    row: Mapping[str, Any],
    course: Course | None,
    until: Todays,
    *,
    is_behind: bool,
) -> Row:
    """Return a stored prediction that is not the series' next one any more, as fulfilled, overdue
    or cancelled.

    `course` is its series, or None if that is not found any more.
    """
    evidence = {name: value for name, value in row["evidence"].items() if name != FURTHER}
    state = {**row, "evidence": evidence}
    if course is not None:
        state |= _reach(course, until[source_of(payments, course)])
    event = _occurrence(payments, row, course) if course else None
    if event is not None:
        state |= {"status": str(PredictionStatus.FULFILLED), "fulfilled_by_event_id": event}
    elif course is None or row["status"] != PredictionStatus.FULFILLED:
        passed = course is not None and _passed(row, course)
        state["status"] = str(PredictionStatus.OVERDUE if passed else PredictionStatus.CANCELLED)
        if course is not None and not passed and not is_behind:
            state["evidence"]["stopped"] = True  # overdue for longer than the series' length allows
        state["fulfilled_by_event_id"] = None
    return state


def _occurrence(payments: Payments, row: Mapping[str, Any], course: Course) -> str | None:
    """Return the id of the payee's posting that occurred in the prediction's slot, or None if
    nothing has."""
    for slot, place in zip(course.slots[::-1], course.last[::-1], strict=True):
        agreed = _agreed(course, int(slot))
        if agreed == row["evidence"].get("agreed"):
            return str(payments.payee_event[place])
    return None


def _passed(row: Mapping[str, Any], course: Course) -> bool:
    """Return whether the series has a later occurrence than the predicted one. The predicted
    payment was then missed, and stays overdue."""
    frequency, _, slot = str(row["evidence"].get("agreed", "")).rpartition(" ")
    return frequency == course.series.frequency and int(slot) < course.slots[-1]
