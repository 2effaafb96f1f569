"""What recurs and what does not: small books by hand, then the generator's truth."""

from collections import Counter
from datetime import date

import numpy as np
import pytest

from graph.enrich.series import candidate_grids
from graph.enrich.series.activities import stem
from graph.enrich.series.detect import Series, find
from tests.graph.enrich.demo_payments import demo
from tests.graph.enrich.small_books import (
    Paid,
    columns,
    every,
    monthly,
    number,
    payments,
    shuffled,
)

START = date(2024, 1, 8)  # a Monday
ENOUGH = 4  # occurrences; fewer cannot be known
MANY = 100_000


def frequencies(found: list[Series]) -> list[str]:
    return sorted(one.frequency for one in found)


def days_of(paid: list[int]) -> list[Paid]:
    return [Paid(day) for day in paid]


# --- rhythms ---


@pytest.mark.parametrize(
    ("paid", "frequency"),
    [
        (every(7, START, 12), "weekly"),
        (every(14, START, 12), "fortnightly"),
        (every(28, START, 12), "four_weekly"),
        (monthly(date(2024, 1, 31 - 3), 12), "monthly"),
        (every(30, START, 12), "thirty_days"),
        (monthly(date(2021, 1, 14), 41)[::2], "two_monthly"),
        (monthly(date(2023, 1, 15), 24)[::3], "quarterly"),
        (monthly(date(2020, 3, 2), 49)[::6], "half_yearly"),
        (monthly(date(2019, 4, 6), 61)[::12], "yearly"),
    ],
)
def test_each_rhythm_is_told_from_the_others(paid, frequency):
    (one,) = find(payments(paid))
    assert one.frequency == frequency
    assert len(one.places) == len(paid)
    assert one.score > 0.9


def test_a_pause_costs_one_missed_day_and_scattered_ones_cost_each():
    paid = monthly(date(2021, 1, 12), 30)
    scores = []
    for missed in ([], [12, 13, 14, 15, 16], [5, 9, 13, 17, 21]):
        (one,) = find(payments(row for at, row in enumerate(paid) if at not in missed))
        scores.append(one.score)
    assert scores == pytest.approx([0.99, 0.99 * 25 / 26, 0.99 * 25 / 30], abs=0.001)


def test_month_ends_are_monthly():
    ends = [date(2024, m, d) for m, d in ((1, 31), (2, 29), (3, 29), (4, 30), (5, 31), (6, 28),
                                          (7, 31), (8, 30), (9, 30), (10, 31))]  # fmt: skip
    (one,) = find(payments(days_of([number(day) for day in ends])))
    assert (one.frequency, len(one.places)) == ("monthly", 10)


def test_jitter_missed_and_doubled_ones_stay_in():
    paid = monthly(date(2023, 1, 10), 18)
    jitter = np.random.default_rng(4).integers(-3, 4, len(paid))
    moved = [Paid(one.day + int(by)) for one, by in zip(paid, jitter, strict=True)]
    remaining = [one for at, one in enumerate(moved) if at != 7]
    (one,) = find(payments([*remaining, Paid(moved[3].day + 2)]))
    assert one.frequency == "monthly"
    assert len(one.places) == 18
    assert one.main.sum() == 17
    assert one.fit.expected == 18


@pytest.mark.parametrize("at", [0, -1])
def test_a_late_one_at_an_end_belongs_to_it(at):
    paid = monthly(date(2024, 1, 10), 13)
    paid[at] = Paid(paid[at].day + 4)
    (one,) = find(payments(paid))
    assert len(one.places) == 13


def test_an_unlike_one_after_the_end_does_not():
    paid = monthly(date(2024, 1, 10), 13)
    (one,) = find(payments([*paid[:-1], Paid(paid[-1].day + 4, 55)]))
    assert len(one.places) == 12


def test_a_drifting_amount_is_one_series():
    paid = monthly(date(2022, 1, 3), 36)
    (one,) = find(payments([Paid(p.day, 100 * 1.01**at) for at, p in enumerate(paid)]))
    assert len(one.places) == 36


def test_a_series_that_begins_late_among_other_payments_is_found():
    rng = np.random.default_rng(7)
    noise = [Paid(number(START) + int(day), float(rng.integers(5, 4000)))
             for day in rng.integers(0, 500, 40)]  # fmt: skip
    rent = monthly(date(2024, 6, 3), 11, amount=875.5)
    books = payments(noise + rent)
    (one,) = find(books)
    assert one.frequency == "monthly"
    assert {int(a) for a in books.amount[one.places]} == {8_755_000}


# --- several between the same two ---


def test_two_rents_on_the_same_day_are_two_series():
    paid = monthly(date(2024, 1, 1), 14, amount=3000) + monthly(date(2024, 1, 1), 14, amount=900)
    books = payments(paid)
    series = find(books)
    assert frequencies(series) == ["monthly", "monthly"]
    assert {len(set(books.amount[one.places])) for one in series} == {1}


def test_rent_and_weekly_cleaning_are_told_apart():
    paid = monthly(date(2024, 1, 4), 14, amount=300, description="Rent 01/24")
    paid += every(7, START, 50, amount=310, description="Cleaning")
    assert frequencies(find(payments(paid))) == ["monthly", "weekly"]


@pytest.mark.parametrize("other", [{"source": "bank"}, {"currency": "EUR"}, {"payee": 3}])
def test_sources_currencies_and_parties_are_never_mixed(other):
    paid = monthly(date(2024, 1, 4), 12) + monthly(date(2024, 1, 18), 12, **other)
    series = find(payments(paid))
    assert [len(one.places) for one in series] == [12, 12]
    assert frequencies(series) == ["monthly", "monthly"]


def test_a_description_is_its_words_less_numbers_and_months():
    assert stem("SALARY JUL 24") == stem("Salary Aug 25") == "salary"
    assert stem("Rent, office") != stem("Rent, store")


# --- what is none ---


def test_irregular_purchases_are_none():
    days = np.cumsum([3, 61, 12, 90, 5, 44, 30, 8, 71, 19, 2, 55])
    assert find(payments(days_of([number(START) + int(day) for day in days]))) == []


def test_a_few_that_happen_to_be_even_are_none():
    assert find(payments(every(40, START, 3))) == []
    assert find(payments(every(30, START, 3))) == []


def test_pay_runs_make_no_series_of_their_payees():
    """Everybody is paid on Thursdays: being paid on a Thursday says nothing."""
    rng = np.random.default_rng(3)
    weeks = rng.integers(0, 100, 900)
    paid = [
        Paid(number(date(2024, 1, 4)) + 7 * int(week), float(rng.integers(10, 5000)), payee=payee)
        for week, payee in zip(weeks, rng.choice([1, 2, 3], 900), strict=True)
    ]
    assert find(payments(paid)) == []


# --- bad input ---


@pytest.mark.parametrize(
    "paid",
    [
        [],
        [Paid(0)],
        [Paid(19_000, amount) for amount in range(50)],
        [Paid(day, 0.0) for day in range(0, 700, 7)],
        [Paid(-719_162), Paid(0), Paid(2_932_896)] * 4,
    ],
)
def test_nothing_is_invented(paid):
    assert find(payments(paid)) == []


def test_a_series_beside_the_ends_of_time_is_found():
    paid = [*every(7, START, 12), Paid(-719_162), Paid(2_932_896)]
    (one,) = find(payments(paid))
    assert (one.frequency, len(one.places)) == ("weekly", 12)


@pytest.mark.parametrize("amounts", [1, 1000, 10**7])
def test_a_hundred_thousand_of_one_pair(amounts):
    rng = np.random.default_rng(amounts)
    books = columns(rng.integers(18_000, 20_000, MANY), rng.integers(1, amounts + 1, MANY) * 100)
    assert find(books) == []


def test_what_is_not_even_tried_could_not_have_been_found(monkeypatch):
    """The bounds that spare most fits against fitting everything."""
    books = demo(4, jitter_days=4).payments
    spared = [(one.frequency, one.places.tolist()) for one in find(books)]
    monkeypatch.setattr(candidate_grids, "_bound", lambda *args: np.full(len(args[1]), np.inf))
    monkeypatch.setattr(candidate_grids, "of_runs", lambda _, some: np.full(len(some), np.inf))
    assert [(one.frequency, one.places.tolist()) for one in find(books)] == spared


# --- against the truth ---


def scores(seed: int) -> tuple[float, float, float]:
    """Recurrence F1 by rows, share of right frequencies, share of rows when shuffled."""
    books, truth, place, *_ = demo(seed, jitter_days=4)
    true_series = [one for one in truth.series if len(set(one.due)) >= ENOUGH]
    series_of = {place[row]: one for one in true_series for row in one.rows}
    unsure = {place[row] for row in truth.echoes}
    unsure |= {place[row] for one in truth.series for row in one.rows}
    unsure |= {place[one.row] for one in truth.duplicates if place[one.original] in unsure}
    right, judged, sized = 0, 0, Counter()
    for pattern in find(books):
        votes = Counter(series_of[at].id for at in pattern.places if at in series_of)
        whose = votes.most_common(1)[0][0] if votes else ""
        for at in pattern.places:
            mine = at in series_of and series_of[at].id == whose
            right, judged = right + mine, judged + (at in series_of or at not in unsure)
        if whose:
            sized[whose, pattern.frequency] = votes[whose]
    largest = {name: is_right for (name, is_right), _ in sorted(sized.items(), key=lambda i: i[1])}
    is_right = [largest[one.id] == one.frequency.replace("-", "_") for one in true_series
            if one.id in largest]  # fmt: skip
    still = sum(len(one.places) for one in find(shuffled(books, seed)))
    return 2 * right / (judged + len(series_of)), float(np.mean(is_right)), still / len(books)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_generators_series_are_found(seed):
    f1, frequency, still = scores(seed)
    assert f1 >= 0.95
    assert frequency >= 0.97
    assert still <= 0.01


# --- payment runs ---


def runs(paid: dict[int, float]) -> list[Paid]:
    """Two years of runs every other Friday; each payee (from 10 on) is paid in that share of them,
    by transfer. Other things happen on other days."""
    rng = np.random.default_rng(3)
    friday = number(date(2023, 1, 6))
    rows = [
        Paid(friday + 14 * at, round(float(rng.uniform(50, 900)), 2), "Transfer", payee=10 + who)
        for at in range(52)
        for who, share in paid.items()
        if rng.random() < share
    ]
    days = rng.integers(0, 728, 600).tolist()
    return rows + [Paid(friday + day, 9.0 + at, "Card", payee=50 + at % 30)
                   for at, day in enumerate(days)]  # fmt: skip


def test_who_is_in_every_other_run_has_no_rhythm_of_its_own():
    assert find(payments(runs(dict.fromkeys(range(12), 0.5)))) == []


def test_who_is_in_every_run_has():
    books = payments(runs(dict.fromkeys(range(11), 0.5) | {11: 1.0}))
    series = find(books)
    assert [(one.frequency, len(one.places)) for one in series] == [("fortnightly", 52)]
    assert set(books.payee[series[0].places]) == {21}
