"""Decisions on pairs: by one, by many, by two at once, and taken back."""

from uuid import uuid4

import pytest

from graph import models
from graph.view import refresh
from tests.finley.test_admin import logged_in
from tests.finley.web.conftest import text_of
from tests.graph import rows


def statuses(user) -> list[str]:
    found = models.DuplicateTransaction.objects.using("owner").filter(user_id=user.id)
    return list(found.order_by("duplicate_confidence").values_list("status", flat=True))


@pytest.fixture
def pairs(tenant, books) -> list[str]:
    """Two open pairs; the second is surer."""
    user = tenant.id
    sales, shop = rows.entity(user, "Shop floor", "department"), rows.entity(user, "Twice Ltd")
    first, again = (rows.payment(user, sales, shop, 50) for _ in range(2))
    rows.add(
        models.DuplicateTransaction,
        user_id=user,
        relationship_id=again,
        original_relationship_id=first,
        duplicate_confidence=0.95,
        evidence={
            "why": "the same party and amount",
            "days": 3,
            "against": ["a rhythm"],
            "rows": [
                {"key": "books L2", "day": "2024-01-05", "amount": "50.00 GBP", "number": "7"},
                {"key": "books L1", "day": "2024-01-02", "amount": "50.00 GBP", "number": "07"},
            ],
        },
    )
    refresh.refresh()
    found = models.DuplicateTransaction.objects.using("owner").filter(user_id=user)
    return [str(pk) for pk in found.order_by("duplicate_confidence").values_list("pk", flat=True)]


def decide(client, pairs, verb="confirm", seen="open"):
    return client.post("/review/decide/", {"verb": verb, "seen": seen, "pair": pairs}, follow=True)


def test_rows_stand_side_by_side_and_differences_are_marked(client, pairs):
    text = text_of(client.get("/review/"))
    assert "GBP 170.50" in text  # 120.50 and 50.00, once each
    assert text.index("Twice Ltd") < text.index("Acme")  # the surer first
    assert "The same party and amount, 3 days apart. 95 % sure. Against it: a rhythm." in text
    assert text.count('class="differs"') == 2  # day and number
    assert "books L1" in text


def test_one_is_confirmed_and_leaves_the_queue(client, tenant, pairs):
    text = text_of(decide(client, pairs[1:]))
    assert "1 of 1 confirmed." in text
    assert "Twice Ltd" not in text
    assert statuses(tenant) == ["open", "confirmed"]
    assert "Twice Ltd" in text_of(client.get("/review/?status=confirmed"))


def test_many_are_dismissed_together_and_that_is_taken_back(client, tenant, pairs):
    text = text_of(decide(client, pairs, "dismiss"))
    assert "2 of 2 dismissed." in text
    assert statuses(tenant) == ["dismissed", "dismissed"]
    assert "Take back the last decision" in text
    assert "2 of 2 open again." in text_of(decide(client, pairs, "reopen", "dismissed"))
    assert statuses(tenant) == ["open", "open"]


def test_the_second_of_two_reviewers_is_told_and_changes_nothing(client, tenant, pairs):
    decide(logged_in(tenant), pairs[1:], "dismiss")
    text = text_of(decide(client, pairs, "confirm"))
    assert "1 of 2 confirmed." in text
    assert "Somebody else was faster: a pair is dismissed already." in text
    assert statuses(tenant) == ["confirmed", "dismissed"]


def test_another_tenant_s_pair_is_not_there(client, tenant, other_tenant, pairs):
    text = text_of(decide(logged_in(other_tenant), pairs, "confirm"))
    assert "no longer found" in text
    assert "Twice" not in text
    assert statuses(tenant) == ["open", "open"]


@pytest.mark.parametrize(
    "sent",
    [
        {"verb": "forget", "seen": "open"},
        {"verb": "confirm", "seen": "new"},
        {"verb": "confirm", "seen": "open", "pair": "x"},
        {},
    ],
)
def test_what_is_no_decision_is_refused(client, pairs, sent):
    assert client.post("/review/decide/", sent).status_code == 400


def test_a_pair_that_is_gone_is_told(client, pairs):
    assert "no longer found" in text_of(decide(client, [str(uuid4())]))


def test_a_decision_leads_back_to_the_queue_and_nowhere_else(client, pairs):
    sent = {"verb": "dismiss", "seen": "open", "pair": pairs[0], "back": "https://evil.example/"}
    assert client.post("/review/decide/", sent)["Location"] == "/review/"
    sent = {**sent, "pair": pairs[1], "back": "/review/?party=twice#next"}
    assert client.post("/review/decide/", sent)["Location"] == "/review/?party=twice#next"
