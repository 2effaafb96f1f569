"""What is expected next: the day, the amount, and whether ranges hold as often as they say."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from graph.enrich.series.detect import find
from graph.enrich.series.forecast import (
    Course,
    Trial,
    ahead,
    courses,
    is_active,
    next_day,
    scales,
    todays,
    trials,
)
from graph.enrich.series.month_effects import without
from graph.enrich.series.moved_days import shifted
from graph.enrich.series.periods import BY_FREQUENCY
from tests.graph.enrich.demo_payments import demo
from tests.graph.enrich.series.backtest import backtest
from tests.graph.enrich.small_books import EPOCH, Paid, every, monthly, number, payments


def course(paid: list[Paid]) -> Course:
    books = payments(paid)
    (one,) = courses(books, find(books))
    return one


def moved(paid: list[Paid], weekend: str) -> list[Paid]:
    days = shifted(np.array([one.day for one in paid]), weekend)
    return [Paid(int(day), one.amount) for day, one in zip(days, paid, strict=True)]


@pytest.mark.parametrize(
    ("weekend", "expected"),
    [
        ("kept", date(2025, 2, 1)),  # a Saturday
        ("after", date(2025, 2, 3)),
        ("before", date(2025, 1, 31)),
    ],
)
def test_weekends_are_kept_as_the_series_keeps_them(weekend, expected):
    one = course(moved(monthly(date(2023, 7, 1), 19), weekend))
    assert one.habit.weekend == weekend
    assert one.habit.spread == 0
    assert next_day(one, number(date(2025, 1, 10))) == number(expected)


@pytest.mark.parametrize(("day", "weekday"), [(number(date(2024, 6, 1)), 5)])
def test_weekends_are_weekends(day, weekday):
    assert date(2024, 6, 1).weekday() == weekday
    assert [EPOCH.fromordinal(EPOCH.toordinal() + int(shifted(np.array([day]), rule)[0])).weekday()
            for rule in ("after", "before")] == [0, 4]  # fmt: skip


def test_an_ended_series_expects_nothing():
    one = course(monthly(date(2024, 1, 10), 12))
    assert is_active(one, number(date(2025, 1, 20)))
    assert is_active(one, number(date(2025, 3, 1)))  # overdue, by a year's habit
    assert not is_active(one, number(date(2025, 5, 1)))
    assert next_day(one, number(date(2025, 5, 1))) is None


def test_a_steady_amount_is_expected_to_the_penny():
    one = course(monthly(date(2024, 1, 10), 12, amount=850))
    forecast = ahead(one, scales(trials(one)))
    assert forecast is not None
    assert (forecast.first, forecast.day, forecast.last) == (number(date(2025, 1, 10)),) * 3
    assert forecast.low <= 8_500_000 <= forecast.high
    assert forecast.high - forecast.low < 200_000
    assert 0.9 < forecast.confidence <= 1


@pytest.mark.parametrize(("odds", "factor"), [(10, 0.8647), (25, 0.9933), (100, 1)])
def test_small_odds_say_less_about_what_comes_next_than_about_what_was(odds, factor):
    """1 - exp(-odds / 5) of what it is with the greatest odds."""
    one = course(monthly(date(2024, 1, 10), 12, amount=850))
    known = scales(trials(one))
    fits = [replace(one.series.fit, odds=each) for each in (1_000.0, float(odds))]
    series = [replace(one.series, fit=fit) for fit in fits]
    surest, less = (ahead(replace(one, series=each), known) for each in series)
    assert surest is not None
    assert less is not None
    assert less.confidence == pytest.approx(factor * surest.confidence, abs=0.0001)


def test_nothing_is_expected_after_the_end_of_time():
    last = course(monthly(date(9999, 1, 31 - 3), 12))
    assert ahead(last, scales(trials(last))) is None
    assert next_day(last, int(last.days[-1])) is None


def test_today_is_the_books_last_day_but_no_future_one():
    days = [(5, "bank"), (9, "bank"), (2_932_896, "bank"), (7, "card"), (30_000, "later")]
    books = payments(Paid(day, source=source) for day, source in days)
    assert todays(books, 20_000) == {"bank": 9, "card": 7, "later": 20_000}
    assert todays(payments([]), 20_000) == {}


def test_nothing_to_test():
    books = payments([])
    assert backtest(books, []).n == 0


def test_a_missed_last_occurrence_is_counted_as_not_held():
    paid = every(7, date(2024, 1, 8), 30)
    regular, missed = (payments(some) for some in (paid, [*paid[:-2], paid[-1]]))
    assert backtest(regular, find(regular)).coverage == 1
    assert backtest(missed, find(missed)).coverage == 0


def test_ranges_hold_as_often_as_they_should():
    """Pooled over books, since the last of each series is but a hundred of them."""
    results = []
    for seed in (1, 2, 3):
        books = demo(seed, jitter_days=4).payments
        results.append(backtest(books, find(books)))
    count = sum(one.n for one in results)
    assert count > 300
    assert 0.90 <= sum(one.coverage * one.n for one in results) / count <= 0.97
    assert 0.90 <= sum(one.amount_coverage * one.n for one in results) / count <= 0.98
    assert max(one.median_error_days for one in results) <= 1


def trial(day, error):
    return Trial("monthly", day, error, 0.5, 0.0, 0.0, 10, came=True)


def test_a_run_that_pays_many_is_one_trial():
    """Ninety payees of three runs that were on time say no more than three payees."""
    late = [trial(day, 2.0) for day in range(100, 106)]
    few = [trial(day, 0.0) for day in (10, 38, 66)]
    many = scales([*few * 30, *late])["monthly"]
    assert many.day_times == scales([*few, *late])["monthly"].day_times
    assert many.day_times > scales([trial(day, 0.0) for day in range(90)])["monthly"].day_times
    assert many.coverage == pytest.approx(1.0)


def with_bonus(years):
    """1,016.00 a month, and half as much again each June and December."""
    paid = monthly(date(2021, 1, 25), 12 * years + 11, amount=1016)
    return [replace(one, amount=1524.0) if is_bonus(at) else one for at, one in enumerate(paid)]


def is_bonus(at):
    return at % 12 in (5, 11)


@pytest.mark.parametrize(("months", "amount"), [(0, 1524), (1, 1016)])
def test_an_amount_knows_its_month(months, amount):
    paid = with_bonus(2)
    more = monthly(date(2023, 12, 25), months, amount=1524)
    one = course([*paid, *more])
    forecast = ahead(one, scales(trials(one)))
    assert forecast is not None
    assert forecast.low / 10_000 <= amount <= forecast.high / 10_000
    assert (forecast.high - forecast.low) / 10_000 < 450


def test_a_month_that_was_unlike_once_widens_the_range():
    one = course(with_bonus(1))
    forecast = ahead(one, scales(trials(one)))
    assert forecast is not None
    assert forecast.low / 10_000 <= 1016
    assert forecast.high / 10_000 >= 1524


def test_what_months_do_is_taken_out_of_amounts():
    """1,000 a month, half as much again each June and December."""
    slots = np.arange(600, 629)
    high = np.isin(slots % 12, (5, 11))
    amounts = np.log(np.where(high, 1_500.0, 1_000.0))
    plain = without(BY_FREQUENCY["monthly"], slots, amounts)
    assert np.exp(plain).round(6).tolist() == [1_000.0] * len(slots)
    assert without(BY_FREQUENCY["weekly"], slots, amounts).tolist() == amounts.tolist()
    assert without(BY_FREQUENCY["monthly"], slots[:12], amounts[:12]).tolist() == (
        amounts[:12].tolist()
    )
