"""What was paid, period by period: equal days are compared, and each sum has its rows."""

from calendar import monthrange
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from graph.questions.periods import Calendar
from graph.questions.spend import Group, _price_part, payments_of, spend
from graph.view import refresh
from tests.graph import rows


def paid(user, payer, payee, *days: tuple[str, int]) -> None:
    for text, amount in days:
        when = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        ends = [
            rows.event(user, party, amount=much, occurred_at=when)
            for party, much in ((payer, -amount), (payee, amount))
        ]
        rows.relationship(user, *ends)


@pytest.fixture
def parties(tenant):
    kinds = {"Office": "department", "Acme": "vendor", "Borough": "vendor"}
    return {name: rows.entity(tenant.id, name, kind) for name, kind in kinds.items()}


def test_a_month_to_date_is_compared_with_the_same_days_of_the_month_before(tenant, parties):
    office, acme = parties["Office"], parties["Acme"]
    days = (("2024-05-10", 30), ("2024-05-20", 500), ("2024-06-10", 40))
    paid(tenant.id, office, acme, *days, ("2023-06-15", 10), ("2023-06-16", 700))
    paid(tenant.id, office, parties["Borough"], ("2024-06-15", 1))
    refresh.refresh()
    group = spend(tenant.id, today=date(2024, 6, 15), periods=2)["results"][0]
    now, before = group["periods"]
    assert (now["amount"], now["before_amount"], now["change"]) == (40, 30, 10)
    assert (now["before_since"], now["before_until"]) == (date(2024, 5, 1), date(2024, 5, 15))
    assert now["change_share"] == pytest.approx(1 / 3)
    assert now["change_on_last_year"] == 30
    assert before["amount"] == 530, "a period that has ended is whole"
    assert before["before_until"] == date(2024, 4, 30)


def test_what_the_books_do_not_reach_is_not_compared(tenant, parties):
    office, acme = parties["Office"], parties["Acme"]
    paid(tenant.id, office, acme, ("2023-06-10", 10), ("2023-08-10", 70), ("2024-06-10", 40))
    refresh.refresh()
    answer = spend(tenant.id, period="quarter", today=date(2024, 6, 30), periods=5)
    periods = {period["period"]: period for period in answer["results"][0]["periods"]}
    assert periods["2024-Q2"]["change_on_last_year"] is None, "2023-Q2 has one month of three"
    assert periods["2024-Q2"]["change_on_last_year_share"] is None
    assert periods["2024-Q2"]["change"] == 40
    assert periods["2023-Q3"]["change"] is periods["2023-Q3"]["change_share"] is None
    assert periods["2023-Q4"]["change"] == -70
    months = spend(tenant.id, today=date(2024, 6, 30), periods=13)["results"][0]["periods"]
    assert months[0]["change_on_last_year"] == 30, "June 2023 is whole enough"
    assert months[12]["change"] is None


def test_growth_ranks_by_equal_days(tenant, parties):
    office = parties["Office"]
    paid(tenant.id, office, parties["Acme"], ("2024-05-20", 500), ("2024-06-01", 90))
    paid(tenant.id, office, parties["Borough"], ("2024-06-01", 50))
    refresh.refresh()
    answer = spend(tenant.id, today=date(2024, 6, 15), order="growth")
    assert [group["name"] for group in answer["results"]] == ["Acme", "Borough"]


@pytest.mark.parametrize(
    ("period", "today", "since", "until"),
    [
        ("month", "2024-03-31", "2024-02-01", "2024-02-29"),
        ("month", "2024-02-29", "2024-01-01", "2024-01-31"),
        ("month", "2024-03-30", "2024-02-01", "2024-02-29"),  # 29 days of March
        ("month", "2024-03-28", "2024-02-01", "2024-02-28"),
        ("month", "2024-01-05", "2023-12-01", "2023-12-05"),
        ("quarter", "2024-05-15", "2024-01-01", "2024-02-14"),
        ("quarter", "2024-04-30", "2024-01-01", "2024-01-31"),
        ("quarter", "2024-06-30", "2024-01-01", "2024-03-31"),
        ("year", "2024-02-29", "2023-01-01", "2023-02-28"),
        ("year", "2024-11-30", "2023-01-01", "2023-11-30"),
    ],
)
def test_the_days_before_that_are_compared(period, today, since, until):
    calendar = Calendar(period, date.fromisoformat(today))
    newest = calendar.newest
    assert [str(day) for day in calendar.span(newest - 1, newest)] == [since, until]
    spans = [calendar.span(newest - at, newest) for at in (0, 1)]
    lengths = {last - first for first, last in spans}
    assert len(lengths) == 1 or calendar.today == spans[0][1] == _end_of_month(spans[0][1])


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def test_as_many_days_are_compared_as_the_books_cover():
    calendar = Calendar("quarter", date(2026, 11, 30), date(2024, 1, 1), date(2026, 11, 27))
    now, before = (calendar.span(calendar.newest - at, calendar.newest) for at in (0, 1))
    assert now == (date(2026, 10, 1), date(2026, 11, 27))
    assert before == (date(2026, 7, 1), date(2026, 8, 27))
    assert not calendar.is_to_date(date(2026, 8, 28))


@pytest.mark.parametrize(
    ("amounts", "part"),
    [
        ([100, 100, 100, 120, 120, 120], 60),  # the price rose
        ([100, 100, 130, 120, 120, 125], 60),  # single amounts off the price are no price
        ([40, 45, 50, 90, 80, 85], None),  # usage
        ([100] * 6, None),
    ],
)
def test_only_a_lasting_change_of_the_price_is_a_part_by_prices(amounts, part):
    group = Group()
    group.series["rent"] = [
        (date(2024, 1 + at, 5), Decimal(much)) for at, much in enumerate(amounts)
    ]
    halves = [(date(2024, first, 1), date(2024, first + 2, 28)) for first in (4, 1)]
    assert _price_part(group, *halves) == part


@pytest.mark.parametrize("by", ["party", "department", "category"])
def test_the_rows_behind_a_sum_come_to_the_sum(tenant, parties, by):
    office = parties["Office"]
    paid(tenant.id, office, parties["Acme"], ("2024-05-10", 30), ("2024-05-20", 500))
    paid(tenant.id, office, parties["Borough"], ("2024-05-10", 7), ("2024-06-01", 50))
    refresh.refresh()
    today = date(2024, 6, 15)
    answer = spend(tenant.id, by=by, today=today, periods=2)
    assert answer["count"]
    for group in answer["results"]:
        key = (group["name"], group["party_id"], group["currency"])
        for period in group["periods"]:
            span = {"since": period["since"], "until": period["until"]}
            payments = payments_of(tenant.id, key, by=by, **span, today=today)
            assert sum((row["amount"] for row in payments), Decimal(0)) == period["amount"]
            assert len(payments) == period["count"]
