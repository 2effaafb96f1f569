"""Names that may mean one party: merged, kept apart, taken back, and by two at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections

from graph import models
from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.models.choices import ResolutionDecision
from graph.questions.decisions import resolutions
from tests.finley.test_admin import logged_in
from tests.finley.web.conftest import text_of
from tests.graph import rows


@pytest.fixture
def pair(tenant) -> models.EntityResolution:
    user = tenant.id
    one, other = rows.entity(user, "Acme Wool Ltd"), rows.entity(user, "Albion Yarns")
    for entity, amount in ((one, 10), (one, 20), (other, 5)):
        rows.event(user, entity, amount=amount)
    return rows.add(
        models.EntityResolution,
        user_id=user,
        kept_id=one.id,
        merged_id=other.id,
        confidence=0.6,
        reason="nearly the same name",
        decided="open",
    )


def decide(client, pair, word, seen="open"):
    address = f"/review/parties/{pair.pk}/"
    return text_of(client.post(address, {"word": word, "seen": seen}, follow=True))


def decided(pair) -> str:
    pair.refresh_from_db()
    return pair.decided


def test_both_names_stand_side_by_side_with_what_the_books_know(client, pair):
    text = text_of(client.get("/review/parties/"))
    for words in ("Acme Wool Ltd", "Albion Yarns", "GBP 30.00", "GBP 5.00", "Nearly the same name"):
        assert words in text


@pytest.mark.parametrize(("word", "state"), [("merge", "merge"), ("apart", "apart")])
def test_a_word_stands_with_who_said_it(client, tenant, pair, word, state):
    assert "The pair was" in decide(client, pair, word)
    assert decided(pair) == state
    assert pair.decided_by == tenant.email
    assert "Acme Wool Ltd" in text_of(client.get(f"/review/parties/?decided={state}"))
    merged = models.NormalizedEntity.objects.using("owner").get(name="Albion Yarns").merged_into_id
    assert (merged is not None) == (word == "merge")


def test_a_merge_is_taken_back(client, pair):
    decide(client, pair, "merge")
    assert "taken back" in decide(client, pair, "undo", "merge")
    assert (
        models.NormalizedEntity.objects.using("owner").get(name="Albion Yarns").merged_into_id
        is None
    )


def test_the_second_of_two_reviewers_is_told(client, tenant, pair):
    decide(logged_in(tenant), pair, "apart")
    text = decide(client, pair, "merge")
    assert "Somebody else was faster: the pair is kept apart by a person" in text
    assert decided(pair) == "apart"


def test_a_decision_holds_no_row_while_it_waits_for_enrichment(tenant, pair):
    def word() -> dict | None:
        try:
            return resolutions.decide(
                tenant.pk, pair.pk, "apart", seen=ResolutionDecision.OPEN, by="a person"
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        with tenant_transaction(tenant.pk) as connection, connection.cursor() as cursor:
            alone(cursor, tenant.pk)
            answer = threads.submit(word)
            wait_for_a_waiter()
            models.EntityResolution.objects.select_for_update(nowait=True).get(pk=pair.pk)
        assert answer.result(timeout=30)["decided"] == "apart"
    assert decided(pair) == "apart"


def wait_for_a_waiter(seconds: float = 20) -> None:
    """Until somebody waits for an advisory lock."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.rowcount:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_another_tenant_has_no_such_pair(tenant, other_tenant, pair):
    stranger = logged_in(other_tenant)
    assert "Acme" not in text_of(stranger.get("/review/parties/"))
    assert "The pair no longer exists" in decide(stranger, pair, "merge")
    assert decided(pair) == "open"


def test_what_is_no_decision_is_refused(client, pair):
    for form in ({}, {"word": "both", "seen": "open"}, {"word": "merge", "seen": "x"}):
        assert client.post(f"/review/parties/{pair.pk}/", form).status_code == 400
    assert client.get("/review/parties/?decided=x").status_code == 400
    assert client.get("/review/parties/?offset=-1").status_code == 400
    response = client.post(
        f"/review/parties/{uuid4()}/", {"word": "merge", "seen": "open"}, follow=True
    )
    assert "The pair no longer exists" in text_of(response)
