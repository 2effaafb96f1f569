"""A stray payment between those of a half-yearly series makes no quarterly one of it."""

from datetime import date

import pytest

from graph.enrich.series.detect import find
from graph.enrich.series.joined_series import joined
from tests.graph.enrich.small_books import Paid, number, payments

DUE = [date(2022, 9, 23), date(2023, 3, 23), date(2023, 9, 23), date(2024, 3, 23),
       date(2024, 9, 23)]  # fmt: skip
BETWEEN = number(date(2023, 6, 23))


@pytest.mark.parametrize(("amount", "frequency", "places"), [
    (755.17, "half_yearly", 5), (61.0, "quarterly", 6),
])  # fmt: skip
def test_only_a_payment_of_quite_another_amount_is_a_stray_one(amount, frequency, places):
    stray = Paid(BETWEEN, amount, "Sundry")
    paid = [*(Paid(number(day), 60.37, "Membership") for day in DUE), stray]
    books = payments(sorted(paid, key=lambda one: one.day))
    (one,) = joined(books, find(books))
    assert (one.frequency, len(one.places)) == (frequency, places)
    if frequency == "half_yearly":
        assert (one.fit.offsets == 0).all()
        assert one.fit.expected == len(one.fit.hits) == len(DUE)
