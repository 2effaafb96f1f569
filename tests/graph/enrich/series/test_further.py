"""The occurrences of a series after the next one: their days, and amounts that widen."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from graph.enrich.columns.payments import UNIT
from graph.enrich.series.detect import find
from graph.enrich.series.forecast import Course, ahead, courses, scales, trials
from graph.enrich.series.further import (
    Further,
    further,
    kept,
    may_skip_until,
    thinned,
    times_in_year,
    usual_amount,
)
from tests.graph.enrich.demo_payments import demo
from tests.graph.enrich.series.test_forecast import course, moved
from tests.graph.enrich.small_books import EPOCH, Paid, every, monthly, number

FIRST = date(2024, 1, 1)


def after(paid: list[Paid]) -> list[Further]:
    """The occurrences after the next one of the series."""
    one = course(paid)
    calibration = scales(trials(one))
    following = ahead(one, calibration)
    assert following is not None
    return list(further(one, calibration, following))


def days(rows: list[Further]) -> list[date]:
    return [EPOCH + timedelta(days=row.day) for row in rows]


def test_a_monthly_rent_goes_on_for_a_year_on_working_days():
    found = days(after(moved(monthly(FIRST, 14), "after")))
    assert found[:4] == [date(2025, 4, 1), date(2025, 5, 1), date(2025, 6, 2), date(2025, 7, 1)]
    assert found[11] == date(2026, 3, 2)
    assert len(found) == 14


LAST_DAYS = (31, 28, 30, 29, 31, 30, 28)  # of the month, as far as it has them


def _at_the_end(month: int, day: int) -> Paid:
    first = number(date(2023 + month // 12, month % 12 + 1, 1))
    next_first = number(date(2023 + (month + 1) // 12, (month + 1) % 12 + 1, 1))
    return Paid(min(first + day - 1, next_first - 1))


@pytest.mark.parametrize("drifts", [False, True])
@pytest.mark.parametrize("weekend", ["kept", "after", "before"])
def test_a_series_of_months_ends_comes_once_in_each_month(weekend, drifts):
    for count in range(20, 32):
        paid = [_at_the_end(at, LAST_DAYS[at % 7] if drifts else 31) for at in range(count)]
        found = days(after(moved(paid, weekend)))
        wanted = [divmod(2023 * 12 + count + 1 + at, 12) for at in range(len(found))]
        assert [(day.year, day.month - 1) for day in found] == wanted


def test_a_series_of_first_days_comes_once_in_each_month():
    found = days(after(moved(monthly(FIRST, 14), "before")))
    assert len({(day.year, day.month) for day in found}) == len(found) == 14


def test_a_weekly_series_goes_on_for_three_months():
    found = days(after(every(7, FIRST, 30)))
    assert found[0] == FIRST + timedelta(days=31 * 7)
    assert {(later - day).days for day, later in pairwise(found)} == {7}
    assert len(found) == 16


def test_a_series_that_keeps_half_of_its_days_goes_on_as_often():
    weeks = [at for at in range(60) if at % 8 in {0, 1, 4, 5}]
    paid = [Paid(number(FIRST) + 7 * at) for at in weeks]
    one = course(paid)
    assert (one.series.frequency, round(kept(one), 2)) == ("weekly", 0.52)
    found = days(after(paid))
    assert {(later - day).days for day, later in pairwise(found)} == {14}
    assert len(found) == 8
    assert thinned(one) == 2
    assert may_skip_until(one) == one.slots[-1] + 5  # .48 ** 5 is .03
    assert year_of(one)[0] == pytest.approx(27, abs=0.5)


def test_a_series_that_keeps_its_days_may_skip_none():
    rent = course(monthly(FIRST, 25))
    assert may_skip_until(rent) == rent.slots[-1]


def year_of(one: Course) -> tuple[float, float]:
    """How often it comes in a year, and what one occurrence comes to."""
    following = ahead(one, scales(trials(one)))
    assert following is not None
    return times_in_year(one, following), usual_amount(one) / UNIT


def test_a_year_of_a_series_is_what_its_last_year_was():
    varying = course([Paid(one.day, 100 if at % 4 else 2_000)
                      for at, one in enumerate(monthly(FIRST, 25))])  # fmt: skip
    assert year_of(varying) == (12, pytest.approx(575))
    risen = course([Paid(one.day, 100 if at < 20 else 150)
                    for at, one in enumerate(monthly(FIRST, 25))])  # fmt: skip
    assert year_of(risen) == (12, pytest.approx(150))
    assert year_of(course(every(7, FIRST, 30)))[0] == 52


def test_a_year_of_a_series_leaves_out_the_season_in_which_it_pauses():
    seasons = every(14, date(2024, 4, 3), 15) + every(14, date(2025, 4, 2), 12)
    times, _ = year_of(course(seasons))
    assert 13 <= times <= 15


def test_nothing_is_projected_into_the_season_in_which_a_series_pauses():
    seasons = every(14, date(2024, 4, 3), 15) + every(14, date(2025, 4, 2), 12)
    assert EPOCH + timedelta(days=seasons[-1].day) == date(2025, 9, 3)
    assert days(after(seasons)) == [date(2025, 10, 1), date(2025, 10, 15)]


def test_a_winter_s_series_goes_on_each_month_of_winter():
    winters = [
        *monthly(date(2023, 10, 5), 6),
        *monthly(date(2024, 10, 5), 6),
        *monthly(date(2025, 10, 5), 3),
    ]
    months = [f"{day:%Y-%m}" for day in days(after(winters))]
    assert months[:2] == ["2026-02", "2026-03"]
    assert months[2:] == ["2026-10", "2026-11", "2026-12", "2027-01", "2027-02", "2027-03"]


def test_a_month_s_effect_is_in_its_month_only():
    salary = [
        Paid(one.day, 2_000 if (EPOCH + timedelta(days=one.day)).month == 12 else 1_000)
        for one in monthly(date(2022, 1, 5), 35)
    ]
    rows = after(salary)
    pairs = zip(days(rows), rows, strict=True)
    high = {f"{day:%Y-%m}": row.high / UNIT for day, row in pairs}
    assert high["2025-01"] < 1_100
    assert high["2025-12"] > 1_900


def test_amounts_widen_with_the_steps_and_days_do_not():
    paid = [Paid(number(FIRST) + 7 * at, 100 + at % 5) for at in range(40)]
    rows = after(paid)
    widths = [row.high / row.low for row in rows]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
    assert len({row.last - row.first for row in rows}) == 1


@pytest.fixture(scope="module")
def every_course() -> list[Course]:
    payments = demo(7).payments
    return courses(payments, find(payments))


@pytest.mark.parametrize("steps", [2, 3, 6])
def test_ranges_of_later_steps_hold(every_course, steps):
    shown = [one for one in every_course if len(one.slots) > 3 + steps]
    calibration = scales([trial for one in shown for trial in trials(one, hidden=steps)])
    day_holds, amount_holds = [], []
    for one in shown:
        following = ahead(one, calibration, hidden=steps)
        assert following is not None
        slot = following.slot + steps - 1
        if slot in one.slots:
            at = int((one.slots == slot).argmax())
            for row in further(one, calibration, following):
                if row.slot == slot:
                    day_holds.append(row.first <= one.days[at] <= row.last)
                    amount_holds.append(row.low <= round(_amount(one, at)) <= row.high)
    assert len(day_holds) > 85
    assert sum(day_holds) / len(day_holds) > 0.9
    assert sum(amount_holds) / len(amount_holds) > 0.9


def _amount(one: Course, at: int) -> float:
    return float(np.exp(one.amounts[at]))
