"""Importance, communities, paths, neighbours and stats count each payment once, and its kind."""

from datetime import UTC, date, datetime

import pytest

from graph import models
from graph.engine.edge_filters import Only
from graph.questions import whole_graph
from graph.questions.explain import explain
from graph.view import refresh
from tests.graph import rows


@pytest.fixture
def parties(tenant):
    """Sales pays Acme once (seen three times) and Borough twice; Cab has only sent an invoice."""
    user = tenant.pk
    made = {name: rows.entity(user, name) for name in ("Sales", "Acme", "Borough", "Cab")}
    first = rows.payment(user, made["Sales"], made["Acme"])
    for _ in range(2):
        view = rows.payment(user, made["Sales"], made["Acme"])
        shown = models.RelationshipInstance.objects.using("owner").filter(id=view)
        shown.update(canonical_id=first)
    for _ in range(2):
        rows.payment(user, made["Sales"], made["Borough"])
    owed = [rows.event(user, made[name], records="obligation") for name in ("Sales", "Cab")]
    rows.relationship(user, *owed)
    refresh.refresh()
    return user, {name: entity.id for name, entity in made.items()}


def scores(answer):
    return {row["name"]: row["score"] for row in answer["results"]}


def test_a_payment_seen_three_times_makes_nobody_more_important(parties):
    user, _ = parties
    found = whole_graph.importance(user)
    assert sum(found["weights_used"].values()) == 3
    facts = scores(found)
    assert facts["Borough"] > facts["Acme"] > facts["Cab"]
    every = scores(whole_graph.importance(user, only=Only()))
    assert every["Acme"] > every["Borough"]
    assert every["Cab"] > facts["Cab"]


def test_neighbours_and_paths_are_of_money_that_moved(parties):
    user, ids = parties
    near = whole_graph.neighbourhood(user, ids["Sales"])
    assert near["entities"][0]["name"] == "Sales"
    assert {one["name"] for one in near["entities"]} == {"Sales", "Borough", "Acme"}
    assert len(near["edges"]) == 3
    assert not whole_graph.path(user, ids["Sales"], ids["Cab"])["found"]
    obligations = Only(kinds=["obligation"])
    assert whole_graph.path(user, ids["Sales"], ids["Cab"], only=obligations)["found"]


def test_communities_and_stats(parties):
    user, _ = parties
    found = whole_graph.communities(user)
    assert sum(found["weights_used"].values()) == 3
    assert sorted(group["size"] for group in found["results"]) == [1, 3]
    stats = whole_graph.stats(user)
    assert (stats["edges"], stats["payments"]) == (6, 3)


def test_over_http_all_is_asked_for_by_name(api, parties):
    _, ids = parties
    path = f"/api/v1/graph/entities/{ids['Sales']}/neighbourhood/"

    def edges(**parameters):
        return len(api.get(path, parameters).json()["edges"])

    assert (edges(), edges(once=False), edges(records="all")) == (3, 5, 4)
    assert (edges(records="obligation"), edges(edges="all")) == (1, 4)


def test_a_predictions_status_is_as_of_today(api, parties):
    user, _ = parties
    paid = models.RelationshipInstance.objects.using("owner").filter(user_id=user).first()
    rows.add(
        models.PredictedRelationship,
        user_id=user,
        relationship_id=paid.id,
        prediction_confidence=0.9,
        prediction_reason="monthly",
        expected_from=date(2024, 3, 1),
        expected_to=date(2024, 3, 5),
        amount_low=1,
        amount_high=2,
        currency="GBP",
        status="pending",
        books_until=date(2024, 2, 28),
        stale_from=date(2024, 5, 1),
    )
    refresh.refresh()
    days = {"2024-03-01": "pending", "2024-03-06": "overdue", "2024-05-01": "stale"}
    path = f"/api/v1/graph/relationships/{paid.id}/"
    for day, status in days.items():
        one = api.get(path, {"today": day}).json()
        assert (one["today"], one["layers"]["prediction"]["status"]) == (day, status)
        facts = api.get(f"{path}explain/", {"today": day}).json()
        assert (facts["today"], facts["layers"]["prediction"]["insight"]["status"]) == (day, status)
    assert "its books end on 2024-02-28" in facts["in_words"]
    now = explain(user, paid.id)
    assert now["today"] == datetime.now(UTC).date()
    assert now["layers"]["prediction"]["insight"]["status"] == "stale"
