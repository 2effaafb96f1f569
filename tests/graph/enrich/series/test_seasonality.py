"""Seasons found where there are any, and nowhere else."""

from datetime import date

import numpy as np
import pytest

from graph.enrich import seasonal
from graph.enrich.series import forecast
from graph.enrich.series.detect import find
from graph.enrich.series.seasonality import season
from graph.enrich.write.patterns import Shared
from tests.graph.enrich.small_books import Paid, every, monthly, payments, shuffled

MONTHS = np.arange(36)
WINTER = np.array([1.9, 1.75, 1.4, 0.9, 0.5, 0.3, 0.25, 0.25, 0.45, 0.9, 1.5, 1.9])
TODAY = 21_000


def noisy(level: np.ndarray, seed: int, spread: float = 0.05) -> np.ndarray:
    return level * (1 + np.random.default_rng(seed).normal(0, spread, len(level)))


def found(paid: list[Paid]) -> list[list[int]]:
    books = payments(paid)
    return [one.columns["seasonal_months"] for one in seasons(books)]


def seasons(books) -> list[Shared]:
    until = forecast.todays(books, TODAY)
    return list(seasonal.patterns(books, forecast.courses(books, find(books)), until))


def by_profile(paid: list[Paid], level: float = 300) -> list[Paid]:
    month = [int((np.datetime64(p.day, "D").astype("datetime64[M]")).astype(int)) for p in paid]
    amounts = noisy(level * WINTER[np.array(month) % 12], 5)
    return [Paid(p.day, float(a)) for p, a in zip(paid, amounts, strict=True)]


def test_a_winter_bill_is_high_in_winter():
    result = season(noisy(WINTER[MONTHS % 12], 1), MONTHS)
    assert result is not None
    assert result.months == (1, 2, 3, 11, 12)
    assert result.strength > 0.9
    assert result.chance < 1e-6


def test_growth_is_no_season():
    assert season(noisy(np.linspace(1, 3, 36), 1), MONTHS) is None


def test_months_that_are_not_known_do_not_hide_it():
    months = np.delete(MONTHS, [4, 13, 24])
    result = season(noisy(WINTER[months % 12], 2), months)
    assert result is not None
    assert result.months == (1, 2, 3, 11, 12)


def test_less_than_two_cycles_show_none():
    assert season(WINTER[MONTHS[:23] % 12], MONTHS[:23]) is None


@pytest.mark.parametrize("totals", [np.zeros(36), np.ones(36), np.eye(36)[3], np.zeros(0)])
def test_nothing_shows_none(totals):
    assert season(totals, MONTHS[: len(totals)]) is None


def test_noise_has_hardly_ever_a_season():
    rng = np.random.default_rng(8)
    result = [season(rng.lognormal(0, 1, 36), MONTHS) for _ in range(1000)]
    assert sum(one is not None for one in result) <= 5


def test_the_season_of_a_series_and_of_its_payments():
    books = payments(by_profile(monthly(date(2022, 1, 10), 36)))
    (one,) = seasons(books)
    assert one.columns["seasonal_months"] == [1, 2, 3, 11, 12]
    assert set(one.members) == set(books.relationship)
    assert one.columns["evidence"]["months_seen"] == 36


def test_the_season_of_payments_that_are_no_series():
    rng = np.random.default_rng(2)
    days = every(1, date(2022, 1, 1), 1095)
    paid = by_profile([day for day in days if rng.random() < 0.25], level=40)
    assert found(paid) == [[1, 2, 3, 11, 12]]
    assert found([Paid(p.day, float(rng.integers(20, 60))) for p in paid]) == []


def test_a_quarterly_rhythm_is_no_season():
    assert found(monthly(date(2022, 1, 10), 36)[::3]) == []


def test_shuffled_days_lose_the_season():
    books = payments(by_profile(every(7, date(2022, 1, 3), 156)))
    assert seasons(books)
    assert not seasons(shuffled(books, 1))


@pytest.mark.parametrize("paid", [[], [Paid(0)], [Paid(-719_162), Paid(2_932_896)] * 10])
def test_bad_books_show_none(paid):
    assert found(paid) == []
