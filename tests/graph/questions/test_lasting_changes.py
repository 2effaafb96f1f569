"""The month from which a group costs more: the first from which each is above the months before."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.questions.lasting_changes import higher_since, price_changes
from graph.questions.periods import label


@pytest.mark.parametrize(
    ("amounts", "since"),
    [
        ([10, 12, 11, 20, 21, 19], {"month": "2025-04", "old": 11, "new": 20}),
        ([10, 12, 11, 20, 21, 2], {"month": "2025-04", "old": 11, "new": 20.5}),  # June goes on
        ([10, 12, 11, 20, 11, 11], None),  # not lastingly
        ([10, 12, 11, 12, 11, 20], None),  # one month is not lasting
        ([20, 21, 22, 23], None),  # too little before
        ([12, 11, 10, 9], None),
        ([100] * 6 + [150, 170, 160, 155, 165], {"month": "2025-07", "old": 100, "new": 160}),
    ],
)
def test_the_month_from_which_each_month_is_higher(amounts, since):
    january = 2025 * 12
    months = {january + at: Decimal(amount) for at, amount in enumerate(amounts)}
    assert higher_since(months, max(months)) == since


@given(
    st.lists(st.sampled_from([-1, 0, 1, 2, 3, 5, 8]), min_size=1, max_size=30),
    st.integers(0, 3),
)
def test_the_month_is_the_first_one_that_a_search_of_all_months_comes_to(amounts, after):
    months = {at: Decimal(amount) for at, amount in enumerate(amounts) if amount or not at}
    last = len(amounts) - 1 + after

    def begin(last: int) -> int | None:
        for at in range(3, last):
            before = [months.get(month, 0) for month in range(max(0, at - 12), at)]
            since = [months.get(month, 0) for month in range(at, last + 1)]
            if min(since) > max(before):
                return at
        return None

    first = begin(last) or begin(last - 1)
    higher = higher_since(months, last)
    assert (higher and higher["month"]) == (first and label(first, "month"))


@pytest.mark.parametrize(
    ("amounts", "steps"),
    [
        ([480, 480, 473, 442, 401, 548, 498, 549, 549, 495, 210, 391, 522, 430], []),  # varied use
        ([50, 50, 50, 50, 60, 60, 60], [(50, 60)]),
        ([50, 50, 75, 50, 80, 50, 60, 60, 20, 60], [(50, 60)]),  # single ones off the price
        ([50, 50, 50, 60, 60, 41, 45, 39], []),  # the later price does not hold
        ([50, 50, 60, 60, 70, 70], [(50, 60), (60, 70)]),
    ],
)
def test_a_price_that_does_not_hold_is_no_lasting_change(amounts, steps):
    series = [(date(2026, 1, 1) + timedelta(days=7 * at), Decimal(much))
              for at, much in enumerate(amounts)]  # fmt: skip
    assert [(change["old"], change["new"]) for change in price_changes(series)] == steps
