"""What is due, by week, in the calendar and on the overview: every occurrence of each series."""

import re
from datetime import date, timedelta

import pytest

from finley.web.due import days_of
from graph.questions import days
from graph.view import refresh
from tests.finley.web.conftest import text_of
from tests.graph import rows
from tests.graph.questions.expected.test_due import expect


@pytest.fixture
def office(tenant) -> date:
    """Today. An office pays cleaners weekly from in 3 days on, and a rent in 20 days, monthly."""
    user, today = tenant.id, days.today(tenant.id)
    account = rows.entity(user, "Current", "account")
    cleaners, landlord = rows.entity(user, "Cleaners"), rows.entity(user, "Landlord")
    expect(user, account, cleaners, "weekly", *(today + timedelta(3 + 7 * at) for at in range(14)))
    expect(
        user, account, landlord, "monthly", *(today + timedelta(20 + 30 * at) for at in range(12))
    )
    refresh.refresh()
    return today


def test_a_weekly_payment_is_due_twice_in_14_days_on_the_overview_and_its_page(client, office):
    overview = text_of(client.get("/"))
    assert (
        '<a href="/recurring/due/"><span class="figure">GBP 185.00 to 215.00 out</span></a>'
        in overview
    )
    last = office + timedelta(days=13)
    assert "2 payments of 1 series" in overview
    assert f"to {last.day} {last:%b %Y}; a bill and its payment count once" in overview
    assert "No recurring payment is overdue." in overview
    page = text_of(client.get("/recurring/due/"))
    assert 'aria-current="page">Recurring</a>' in page
    assert '<span class="figure">GBP 185.00 to 215.00 out</span>' in page
    assert page.count('data-label="Amount"') == 2
    assert page.count("if it goes on as before</span>") == 1
    month = text_of(client.get("/recurring/due/?span=30-days"))
    assert [month.count(f">{name}</a>") for name in ("Cleaners", "Landlord")] == [4, 1]


def test_a_party_s_page_has_every_day_of_the_next_30_on_which_it_is_due(client, office):
    (address,) = set(
        re.findall(r'<a href="(/parties/[^"]+)">Cleaners<', text_of(client.get("/recurring/")))
    )
    page = text_of(client.get(address))
    days_after = (office + timedelta(days=at) for at in (10, 17, 24))
    listed = ", ".join(f"{day.day} {day:%b %Y}" for day in days_after)
    assert f"If it goes on as before, within 30 days also on {listed}</li>" in page


def test_next_week_is_one_click_from_the_overview(client, office):
    (address,) = re.findall(r'<a href="([^"]+)">Next week</a>', text_of(client.get("/")))
    page = text_of(client.get(address))
    first = office + timedelta(days=7 - office.weekday())
    assert f"Due from {first.day} {first:%b %Y} to" in page
    assert page.count("Cleaners</a>") == 1
    assert client.get("/recurring/due/?span=x").status_code == 400
    assert client.get("/recurring/?state=due").headers["Location"] == "/recurring/due/"
    assert client.get("/recurring/?state=x").status_code == 400
    table = client.get("/recurring/due/?span=30-days&format=csv").content.decode()
    assert table.count("Cleaners") == 4


@pytest.mark.parametrize(
    ("span", "since", "until"),
    [
        ("14-days", date(2026, 11, 30), date(2026, 12, 13)),
        ("30-days", date(2026, 11, 30), date(2026, 12, 29)),
        ("this-week", date(2026, 11, 30), date(2026, 12, 6)),
        ("next-week", date(2026, 12, 7), date(2026, 12, 13)),
    ],
)
def test_a_week_is_from_monday_to_sunday(span, since, until):
    assert days_of(span, date(2026, 11, 30)) == (since, until)
    assert days_of("next-week", date(2026, 12, 6)) == (date(2026, 12, 7), date(2026, 12, 13))


def test_a_calendar_s_month_far_ahead_has_the_rent_and_says_that_it_is_projected(client, office):
    month = office + timedelta(days=20 + 6 * 30)
    page = text_of(client.get(f"/recurring/calendar/?month={month:%Y-%m}"))
    assert page.count(">Landlord</a>") >= 1
    assert ">Cleaners</a>" not in page
    assert page.count(' <span class="note">projected</span>') == page.count(">Landlord</a>")
