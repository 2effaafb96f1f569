"""A payer that pays on Thursdays only: days are predicted as its runs come, and a run is one."""

from dataclasses import replace
from datetime import date

import numpy as np

from graph.enrich.series.detect import find
from graph.enrich.series.forecast import Trial, ahead, courses, scales, trials
from graph.enrich.series.moved_days import NO_RUN, run_weekdays, shifted
from tests.graph.enrich.small_books import Paid, monthly, number, payments

THURSDAY = 3
RENT = monthly(date(2023, 1, 14), 20)


def in_runs(paid: list[Paid]) -> list[Paid]:
    days = shifted(np.array([one.day for one in paid]), "run_after", THURSDAY)
    return [replace(one, day=int(day)) for one, day in zip(paid, days, strict=True)]


def books(rent: list[Paid], others: int = 4):
    """The rent beside what others are paid by the same payer, on Thursdays."""
    rng = np.random.default_rng(3)
    days = [number(date(2023, 1, 5)) + 7 * int(week) for week in rng.integers(0, 88, 12 * others)]
    other = [Paid(day, float(rng.integers(20, 900)), payee=3 + at % others)
             for at, day in enumerate(sorted(days))]  # fmt: skip
    return payments(sorted([*rent, *other], key=lambda one: one.day))


def of_rent(columns):
    return next(one for one in courses(columns, find(columns)) if len(one.slots) == len(RENT))


def test_the_payers_runs_are_learned_and_days_predicted_on_them():
    paid = books(in_runs(RENT))
    assert set(run_weekdays(paid)) == {THURSDAY}
    course = of_rent(paid)
    assert (course.habit.weekend, course.habit.spread) == ("run_after", 0)
    expected = ahead(course, scales(trials(course)))
    assert expected.day == in_runs([Paid(number(date(2024, 9, 14)))])[0].day
    assert expected.last - expected.first <= 2


def test_a_payer_of_all_weekdays_has_no_runs():
    paid = books(RENT * 4)
    assert set(run_weekdays(paid)) == {NO_RUN}
    days = paid.day[:5]
    assert (shifted(days, "run_after") == days).all()


def test_runs_move_to_the_next_thursday_or_the_one_before():
    friday = np.array([number(date(2024, 3, 1))])
    assert [int(shifted(friday, way, THURSDAY)[0]) - int(friday[0])
            for way in ("run_before", "run_after")] == [-1, 6]  # fmt: skip


def test_a_run_that_is_late_is_one_miss():
    """Forty payments of a late run beside sixty that came on days of their own."""
    times = {}
    for in_runs in (True, False):
        one = Trial("monthly", 0, 0.0, 0.5, 0.0, 0.0, 9, came=True, in_runs=in_runs)
        punctual = [replace(one, day=day) for day in range(60)]
        late = [replace(one, day=100, day_error=7.0)] * 40
        times[in_runs] = scales([*punctual, *late])["monthly"].day_times
    assert times[True] == 0
    assert times[False] > 5
