"""What a phone's narrow window shows, in a real browser."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest

from graph import models
from graph.questions import days
from graph.view import refresh
from tests.finley import browser
from tests.finley.web.test_browser import chromium, window  # noqa: F401
from tests.graph import rows

pytestmark = pytest.mark.skipif(
    not browser.installed(), reason="no chromium with its chromedriver here"
)


def recurring(user: UUID) -> None:
    """20 monthly payments, and the next one, expected in 10 days."""
    office, power = rows.entity(user, "Office", "department"), rows.entity(user, "Power")
    today = days.today(user)
    for month in range(20):
        when = datetime.combine(today - timedelta(days=20 + 30 * month), time.min, UTC)
        ends = [rows.event(user, who, amount=much, occurred_at=when)
                for who, much in ((office, -60), (power, 60))]  # fmt: skip
        paid = rows.relationship(user, *ends)
        if month == 0:
            ahead = today + timedelta(days=10)
            rows.add(
                models.PredictedRelationship, user_id=user, relationship_id=paid.id,
                prediction_confidence=0.9, prediction_reason="monthly", status="pending",
                expected_from=ahead, expected_to=ahead, amount_low=60, amount_high=60,
                currency="GBP", books_until=today, stale_from=today + timedelta(days=90),
            )  # fmt: skip
    refresh.refresh()


def test_a_phone_shows_expected_months_and_names_that_can_be_read(window, person, books):  # noqa: F811
    opened, address = window
    recurring(person.id)
    opened.look_like(390, "light")
    opened.open(f"{address}/")
    opened.until("return document.readyState === 'complete'")
    ahead = opened.run(
        "const region = document.querySelector('.cash').getBoundingClientRect();"
        "const first = document.querySelector('.cash rect.ahead').getBoundingClientRect();"
        "return [first.left - region.left, region.right - first.left]"
    )
    assert min(ahead) > 0, "the first expected month is in sight"
    for page, texts in (
        ("/", ".cash svg:last-child text"),
        (f"/explore/{books.sales}/", "#graph text"),
    ):
        opened.open(f"{address}{page}")
        opened.until("return document.readyState === 'complete'")
        height = opened.run(
            f"return Math.min(...[...document.querySelectorAll('{texts}')].map((text) =>"
            "parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d))"
        )
        assert height >= 10.9, page
    assert opened.said() == []
