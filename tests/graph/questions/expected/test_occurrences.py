"""A prediction's occurrences from today on, until a day."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from graph.questions.expected import due, months, occurrences

TODAY = date(2026, 11, 30)


def predicted(often: str, *days: date, status: str = "pending", reach: int = 1) -> dict[str, Any]:
    """A prediction on the first of these days, with further ones on the others."""
    first = days[0]
    insight = {
        "status": status, "expected_from": first - timedelta(days=reach),
        "expected_to": first + timedelta(days=reach), "amount_low": Decimal(90),
        "amount_high": Decimal(110), "prediction_confidence": 0.9, "prediction_reason": "weekly",
    }  # fmt: skip
    evidence = {"agreed": f"{often} 12", "most_likely": str(first)}
    further = [[str(day), "80.0000", "120.0000"] for day in days[1:]]
    return {"id": often, "insight": insight, "evidence": evidence, "further": further,
            "currency": "GBP", "comes_in": False, "is_cash": True}  # fmt: skip


def every(days: int, *, first: int = 3, count: int = 60) -> list[date]:
    return [TODAY + timedelta(days=first + at * days) for at in range(count)]


def of(row: dict[str, Any], days: int) -> list[tuple[str, int]]:
    """The status of each occurrence, and the days from today to it."""
    rows = occurrences.of(row, TODAY, TODAY + timedelta(days=days))
    return [(one["insight"]["status"], (one["day"] - TODAY).days) for one in rows]


def test_a_weekly_payment_is_due_twice_in_14_days():
    weekly = predicted("weekly", *every(7))
    assert of(weekly, 14) == [("pending", 3), ("projected", 10)]
    assert of(weekly, -1) == []
    (total,) = due.totals(due.ahead([weekly], TODAY, TODAY + timedelta(days=14)))
    assert (total["low"], total["high"]) == (170, 230)
    assert (total["payments"], total["projected"]) == (2, 1)


def test_a_monthly_rent_is_in_each_month_for_a_year_and_a_weekly_one_for_three():
    firsts = [date(2026 + (11 + at) // 12, (11 + at) % 12 + 1, 1) for at in range(15)]
    rent, weekly = predicted("monthly", *firsts), predicted("weekly", *every(7))
    shown = [one["day"] for one in due.ahead([rent], TODAY, date.max)]
    assert shown == firsts[:12]
    assert max(of(weekly, 999))[1] == 87


def test_a_projection_says_so_and_has_its_own_days_and_amounts():
    _, later = occurrences.of(predicted("weekly", *every(7)), TODAY, TODAY + timedelta(days=14))
    insight = later["insight"]
    assert (insight["expected_from"], insight["expected_to"]) == (
        date(2026, 12, 9),
        date(2026, 12, 11),
    )
    assert (insight["amount_low"], insight["amount_high"]) == (80, 120)
    assert insight["prediction_confidence"] is None
    assert insight["prediction_reason"] == ("if it goes on as before, most likely on 2026-12-10")


def test_a_payment_that_may_still_come_is_due_today():
    assert of(predicted("weekly", *every(7, first=-1)), 7) == [("pending", 0), ("projected", 6)]


def test_no_occurrence_is_shown_on_a_day_after_the_last_one():
    late = predicted("weekly", *every(7, first=-8), status="overdue", reach=2)
    assert of(late, 0) == [("overdue", -8), ("projected", 0)]
    assert of(late, -1) == [("overdue", -8)]


def test_an_overdue_series_goes_on_until_it_missed_two():
    once = predicted("weekly", *every(7, first=-5), status="overdue")
    assert of(once, 10) == [("overdue", -5), ("projected", 2), ("projected", 9)]
    twice = predicted("weekly", *every(7, first=-12), status="overdue")
    assert of(twice, 10) == [("overdue", -12)]
    assert due.totals(due.ahead([twice], TODAY, date.max)) == []
    assert of(predicted("weekly", *every(7), status="stale"), 30) == []


def test_a_prediction_without_later_days_is_alone():
    assert of(predicted("monthly", TODAY + timedelta(days=2)), 400) == [("pending", 2)]


def test_the_expected_months_count_each_occurrence_in_its_month():
    row = predicted("weekly", *every(7))
    flat = {**row, **row["insight"], "stale_from": None, "comes_in": True}
    days = ("2026-12-10", "2026-12-31", "2027-01-07")
    further = [[day, "80.0000", "120.0000"] for day in days]
    flat["evidence"] = {**row["evidence"], "further": further}
    december, january = months.by_month([flat], TODAY)
    assert (december["month"], december["in_low"], december["in_high"]) == ("2026-12", 250, 350)
    assert (december["payments"], december["projected"], december["out_high"]) == (3, 2, 0)
    assert (january["month"], january["payments"], january["projected"]) == ("2027-01", 1, 1)
