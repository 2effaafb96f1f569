"""A season without payments is no reason to call one overdue."""

from datetime import date

import pytest

from graph.enrich.series.detect import find
from graph.enrich.series.forecast import Course, ahead, courses, is_active, next_day, scales, trials
from tests.graph.enrich.small_books import Paid, every, number, payments

FIRST, SECOND = date(2024, 4, 3), date(2025, 4, 2)  # Wednesdays, both in the same fortnights


def course(paid: list[Paid]) -> Course:
    books = payments(paid)
    (one,) = courses(books, find(books))
    return one


def seasons(*starts: date, count: int = 15) -> list[Paid]:
    return [paid for start in starts for paid in every(14, start, count)]


def test_a_series_that_paused_a_year_ago_goes_on_after_the_season():
    one = course(seasons(FIRST, SECOND))
    expected = ahead(one, scales(trials(one)))
    assert expected is not None
    assert abs(expected.day - number(date(2026, 4, 1))) <= 7
    assert is_active(one, number(date(2026, 2, 1)))
    assert next_day(one, number(date(2025, 12, 1))) == expected.day


def test_within_the_season_the_next_one_is_a_period_later():
    one = course(seasons(FIRST) + seasons(SECOND, count=8))
    expected = ahead(one, scales(trials(one)))
    assert expected is not None
    assert abs(expected.day - (int(one.days[-1]) + 14)) <= 1


@pytest.mark.parametrize("count", [30, 52])
def test_a_series_without_a_season_goes_on(count):
    one = course(every(14, FIRST, count))
    expected = ahead(one, scales(trials(one)))
    assert expected is not None
    assert expected.slot == one.slots[-1] + 1
