"""Series that are one: other spellings, other signs, twice a month; and those that are two."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from graph.enrich.series import joined_series
from graph.enrich.series.detect import find
from graph.enrich.series.periods import MONTH_CYCLE, TWICE, Days, Grid
from tests.graph.enrich.small_books import monthly, payments

FIRST, LATER = date(2021, 1, 14), date(2022, 1, 14)


def joined(*paid):
    made = payments([row for some in paid for row in some])
    return [(one.frequency, len(one.places)) for one in joined_series.joined(made, find(made))]


def test_two_days_a_month_are_one_series():
    early, late = monthly(date(2021, 1, 3), 12), monthly(date(2021, 1, 18), 12)
    assert joined(early, late) == [("twice_monthly", 24)]


@pytest.mark.parametrize(
    "late", [monthly(date(2021, 1, 9), 12), monthly(date(2021, 1, 18), 12, amount=300)]
)
def test_two_series_of_a_month_are_two(late):
    assert sorted(joined(monthly(date(2021, 1, 3), 12), late)) == [("monthly", 12)] * 2


@pytest.mark.parametrize(
    ("texts", "series"),
    [
        (("Lease 7012", "Lease 7012"), [("monthly", 24)]),
        (("Lease 7012", "Lease 7013"), [("monthly", 12)] * 2),
    ],
)
def test_a_payee_that_is_spelled_otherwise(texts, series):
    """No name is like the other here: the text that is theirs alone joins them."""
    before = monthly(FIRST, 12, payee=1, description=texts[0])
    after = monthly(LATER, 12, payee=3, description=texts[1])
    assert sorted(joined(before, after)) == sorted(series)


@pytest.mark.parametrize(("other", "count"), [("LANDLO 7731", 1), ("Vendor 7", 2)])
def test_a_payee_that_begins_alike(other, count):
    before = monthly(FIRST, 12, payee=1 if other.startswith("L") else 5)
    made = payments([*before, *monthly(LATER, 12, payee=6)])
    names = made.entities.name.copy()
    names[6] = other
    made = replace(made, entities=replace(made.entities, name=names))
    assert len(joined_series.joined(made, find(made))) == count


def test_a_payee_that_goes_on_is_another():
    after = monthly(LATER, 12, payee=6)
    assert len(joined(monthly(FIRST, 24, payee=5), after)) == 2


def test_of_three_in_a_row_the_first_two_are_joined_in_whichever_order_they_were_found():
    last = monthly(date(2023, 1, 14), 12, payee=7)
    made = payments([*monthly(FIRST, 12, payee=1), *monthly(LATER, 12, payee=6), *last])
    names = made.entities.name.copy()
    names[[6, 7]] = "LANDLO 7731", "Landlord Ltd"
    made = replace(made, entities=replace(made.entities, name=names))
    series = find(made)
    for order in (series, series[::-1], [series[1], series[2], series[0]]):
        places = sorted(one.places.tolist() for one in joined_series.joined(made, order))
        assert places == [list(range(24)), list(range(24, 36))]


@pytest.mark.parametrize(("parties", "count"), [(3, 3), (2, 4)])
def test_signs_that_change_for_all(parties, count):
    """One or two may be refunded every month; when all turn at a time, the books' signs have."""
    paid = []
    for at in range(parties):
        paid += [monthly(FIRST, 12, payee=10 + at, amount=50 + at)]
        paid += [monthly(LATER, 12, payer=10 + at, payee=0, amount=50 + at)]
    assert len(joined(*paid)) == count


def test_days_of_half_months_are_counted_one_by_one():
    grid = Grid(TWICE, 15 * MONTH_CYCLE + 14)  # the 15th, and 15 days later or the month's last
    slots = np.arange(600, 648)
    days = grid.agreed(slots)
    assert (np.diff(days) > 11).all()
    assert grid.slots(Days(days)).tolist() == slots.tolist()
    assert grid.slots(Days(days + 2)).tolist() == slots.tolist()
