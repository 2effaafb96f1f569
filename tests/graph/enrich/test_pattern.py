"""Templates over series, in words."""

from datetime import date

import numpy as np
import pytest

from graph.enrich import pattern
from graph.enrich.series.detect import find
from graph.enrich.series.forecast import courses
from tests.graph.enrich.small_books import Paid, every, monthly, payments


def facts(paid: list[Paid]) -> dict[str, list[str]]:
    books = payments(paid)
    templates = pattern.patterns(books, courses(books, find(books)))
    return {shared.columns["pattern_name"]: list(shared.members) for shared in templates}


def test_a_person_understands_the_name():
    bills = monthly(date(2024, 1, 10), 12, amount=120, document="INV-1")
    assert list(facts(bills)) == ["monthly fixed bill, department to vendor, GBP 100-250"]
    coffee = every(28, date(2024, 1, 8), 12, amount=4.5, currency="EUR")
    assert list(facts(coffee)) == ["four-weekly fixed payment, department to vendor, EUR under 10"]


def test_series_that_look_alike_share_one_template():
    paid = monthly(date(2024, 1, 10), 12, amount=120)
    alike = monthly(date(2024, 1, 20), 12, amount=180, payer=2, payee=3)
    other = every(7, date(2024, 1, 8), 50, amount=3000, payee=3)
    members = facts(paid + alike + other)
    assert sorted(len(shared) for shared in members.values()) == [24, 50]


def test_a_price_that_rises_once_is_fixed_and_a_bill_that_varies_is_not():
    paid = monthly(date(2023, 1, 10), 24)
    rises = [Paid(p.day, 130 if at > 12 else 120) for at, p in enumerate(paid)]
    rng = np.random.default_rng(1)
    varies = [Paid(p.day, float(120 * rng.normal(1, 0.08))) for p in paid]
    assert next(iter(facts(rises))).startswith("monthly fixed")
    assert next(iter(facts(varies))).startswith("monthly varying")


@pytest.mark.parametrize(
    ("amount", "band"),
    [(0.5, "under 10"), (10, "10-25"), (999.99, "500-1,000"), (1e9, "100,000 or more")],
)
def test_bands(amount, band):
    assert pattern.band(amount) == band


def test_no_series_no_template():
    assert facts([]) == {}
