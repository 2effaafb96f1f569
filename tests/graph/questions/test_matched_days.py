"""A recurring payment that a weekend moved over the end of compared days counts with its match."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from graph.models import TemporalPattern
from graph.questions.matched_days import counted
from graph.questions.spend import payments_of, spend
from graph.view import refresh
from tests.graph import rows

NOW, BEFORE = ((date(2026, 10, 1), date(2026, 11, 27)), (date(2026, 7, 1), date(2026, 8, 27)))


@pytest.mark.parametrize(
    ("days", "matched"),
    [
        ("06-26 07-28 08-28 09-28 10-28 11-27", "07-28 08-28"),  # paydays that are no weekend
        ("07-28 08-26 09-28 10-28", "07-28"),  # November's is not due yet
        ("07-28 08-20 10-28", "07-28 08-20"),  # November's did not come
        ("06-30 07-31 09-01 10-01 10-30", "06-30 07-31"),  # of the 1st
        ("07-01 08-01 09-30 10-30", "08-01"),  # October's came in September
        ("08-28 10-28", ""),  # nothing now is at the end that August's missed
        ("08-28 09-10 10-06 10-20 11-03 11-27", "08-28"),  # one payment at an end at most
        ("11-10", ""),
    ],
)
def test_as_many_payments_as_now_count(days, matched):
    paid = [date.fromisoformat(f"2026-{text}") for text in days.split()]
    assert " ".join(f"{paid[at]:%m-%d}" for at in sorted(counted(paid, NOW, BEFORE))) == matched


def salaries(user, *paydays: str):
    """A department pays one employee on these days, 100 each, as a recurring series."""
    office, person = (
        rows.entity(user, "Payroll", "department"),
        rows.entity(user, "Ann", "employee"),
    )
    series = rows.add(
        TemporalPattern, user_id=user, key="Ann", recurrence_score=0.9,
        recurrence_frequency="monthly", last_occurrence=date(2026, 11, 27),
        next_predicted_occurrence=date(2026, 12, 28),
    )  # fmt: skip
    for text in paydays:
        when = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        ends = [
            rows.event(user, party, amount=much, occurred_at=when)
            for party, much in ((office, -100), (person, 100))
        ]
        rows.relationship(user, *ends, temporal_pattern_id=series.pk)


@pytest.mark.parametrize(("period", "amount"), [("quarter", 200), ("month", 100)])
def test_a_payday_after_the_compared_days_is_no_rise(tenant, period, amount):
    days = ("2026-04-28", "2026-05-28", "2026-06-26", "2026-07-28", "2026-08-28", "2026-09-28")
    salaries(tenant.id, *days, "2026-10-28", "2026-11-27")
    refresh.refresh()
    today = date(2026, 11, 27)
    for by in ("party", "department"):
        (group,) = spend(tenant.id, by=by, period=period, direction="out", today=today)["results"]
        now = group["periods"][0]
        assert (now["amount"], now["before_amount"], now["change"]) == (amount, amount, 0)
        key = (group["name"], group["party_id"], group["currency"])
        behind = payments_of(tenant.id, key, by=by, compared=period, today=today)
        assert sum((row["amount"] for row in behind), Decimal(0)) == now["before_amount"]
