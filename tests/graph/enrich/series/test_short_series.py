"""Short series, planted among what only looks like them."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from graph.enrich.columns.payments import Entities
from graph.enrich.series.detect import find
from graph.enrich.series.short_series import chance
from tests.graph.enrich.small_books import Paid, every, monthly, number, payments

START = date(2024, 1, 8)


def weekday(day):
    """A weekend's payment is made on the Monday after."""
    into = (day + 5) % 7
    return day + (2 - into if into < 2 else 0)


def test_three_equal_payments_a_month_apart_are_probable():
    (one,) = find(payments(monthly(date(2024, 1, 10), 3)))
    assert (one.frequency, len(one.places), one.is_probable) == ("monthly", 3, True)
    assert one.score == chance(3) == 0.96


def test_longer_ones_are_surer():
    scores = [find(payments(monthly(date(2024, 1, 9), n)))[0].score for n in (3, 4, 12)]
    assert scores[0] <= 0.96
    assert 0.96 < scores[2] <= 1
    assert scores == sorted(scores)
    chances = [chance(n) for n in range(1, 12)]
    assert chances == sorted(chances)


def test_that_it_was_one_is_surer_than_that_it_goes_on():
    (one,) = find(payments(monthly(date(2024, 1, 10), 3)))
    assert 1 - np.exp(-one.fit.odds) == pytest.approx(0.65)


def test_a_weekend_moves_a_day():
    days = [weekday(paid.day) for paid in monthly(date(2024, 5, 1), 5)]
    assert any(
        day != paid.day for day, paid in zip(days, monthly(date(2024, 5, 1), 5), strict=True)
    )
    (one,) = find(payments([Paid(day) for day in days[:4]]))
    assert (one.frequency, len(one.places)) == ("monthly", 4)


@pytest.mark.parametrize(
    "days", [[0, 31, 60, 60 + 17], [0, 30, 47], [0, 7, 14], [0, 60, 91], [0, 1, 2]]
)
def test_what_is_none(days):
    assert find(payments([Paid(number(START) + day) for day in days])) == []


def test_a_habit_is_none():
    """A shop on Saturdays: three purchases happen to be equal, others lie between them."""
    paid = every(7, date(2024, 1, 6), 12)
    rng = np.random.default_rng(1)
    amounts = rng.integers(300, 9000, len(paid)) / 100
    amounts[[0, 4, 8]] = 12.5
    purchases = [replace(one, amount=float(a)) for one, a in zip(paid, amounts, strict=True)]
    assert not [one for one in find(payments(purchases)) if one.is_probable]


def test_an_insurance_is_yearly_from_two_on():
    policy = [Paid(number(date(year, 4, 6)), 410.0 + year - 2023, "Fire insurance") for year in
              (2023, 2024)]  # fmt: skip
    (one,) = find(payments(policy))
    assert (one.frequency, one.is_probable) == ("yearly", True)
    assert find(payments([policy[0], replace(policy[1], description="Broken window")])) == []
    assert find(payments([policy[0], replace(policy[1], amount=800.0)])) == []
    assert find(payments([replace(one, description="") for one in policy])) == []


def books(seed):
    """A bank's accounts: standing orders of three to five transfers, and as many accounts to which
    equal or unlike amounts go on days of no order; whose are series."""
    rng = np.random.default_rng(seed)
    paid, true = [], {}
    for account in range(240):
        first = date(2023, int(rng.integers(1, 13)), int(rng.integers(1, 29)))
        count, amount = int(rng.integers(3, 6)), float(rng.integers(500, 90_000)) / 100
        kind = account % 4
        if kind in (0, 1):
            step = 1 if rng.random() < 0.8 else 3
            days = [weekday(one.day) for one in monthly(first, 13)][::step][:count]
            true[account] = len(days)
        else:
            days = sorted(number(first) + rng.choice(200, count, replace=False))
        paid += [
            Paid(int(day), amount if kind != 3 else float(rng.integers(500, 90_000)) / 100,
                 description=f"account {account}", source=f"{account}")
            for day in days
        ]  # fmt: skip
    return paid, true


def of_accounts(paid):
    """As payments of one bank, an account a party."""
    made = payments(paid)
    accounts = np.array([int(source) for source in made.source], dtype=np.int64)
    names = np.array(["Bank", *(f"Account {at}" for at in range(240))], dtype=object)
    kinds = np.array(["account", *["vendor"] * 240], dtype=object)
    parties = Entities(names, kinds, names, [{}] * 241)
    return replace(made, payee=accounts + 1, source=np.full(len(made), "bank", dtype=object),
                   entities=parties)  # fmt: skip


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_orders_of_a_bank(seed, described):
    """Precision of rows at least .97, recall at least .85, with and without descriptions."""
    paid, true = books(seed)
    made = of_accounts(paid)
    if not described:
        made = replace(made, description=np.full(len(made), "", dtype=object))
    rows = [int(made.payee[place]) - 1 for one in find(made) for place in one.places]
    right = [account for account in rows if account in true]
    assert len(right) >= 0.97 * len(rows)
    assert len(right) >= 0.85 * sum(true.values())


def test_nobody_in_particular_has_no_series():
    made = payments(monthly(date(2023, 1, 10), 14))
    names = made.entities.name.copy()
    assert len(find(made)) == 1
    names[1] = "REDACTED PERSONAL DATA"
    assert find(replace(made, entities=replace(made.entities, name=names))) == []
