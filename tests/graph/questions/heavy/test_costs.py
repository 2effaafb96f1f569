"""What a question costs, and how large a graph is, before it is read."""

from datetime import date

import pytest
from django.db import connections

from graph import models
from graph.engine.edge_filters import Only
from graph.questions.heavy import costs, sizes
from graph.questions.heavy.costs import Size
from graph.reading.load_graph import load
from graph.view import refresh
from graph.view import version as view_version
from tests.graph import rows

SIZE = Size(nodes=1_000, edges=9_000)
ENDS = {"max_length": 6}


@pytest.mark.parametrize(
    ("cost", "asked", "steps"),
    [
        (costs.once, {}, 10_000),
        (costs.path, ENDS, 120_000),
        (costs.k_shortest, {**ENDS, "k": 3}, 360_000),
        (costs.neighbourhood, {"depth": 2}, 40_000),
        (costs.importance, {"algorithm": "pagerank"}, 40_000),
        (costs.importance, {"algorithm": "betweenness"}, 10_000_000),
        (costs.importance, {"algorithm": "closeness"}, 10_000_000),
        (costs.communities, {}, 80_000),
    ],
)
def test_steps(cost, asked, steps):
    assert cost(SIZE, asked) == steps


def test_a_graph_is_no_larger_than_its_size(tenant, other_tenant):
    for user in (tenant.pk, other_tenant.pk):
        entities = [rows.entity(user, name) for name in "abc"]
        for _ in range(4):
            rows.payment(user, *entities[:2])
    refresh.refresh()
    user = tenant.pk
    version = view_version.version(user)
    assert sizes.at_most(user, version) == Size(3, 4)
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE relationship_instances SET deleted_at = now() WHERE user_id = %s", [user])  # fmt: skip  # noqa: E501
    assert sizes.at_most(user, version) == Size(3, 4), "counted once a version"
    assert load(user)[0].edge_count == 0
    assert sizes.at_most(rows.tenant_id(), version) == Size(0, 0)


@pytest.mark.parametrize("refreshed", [True, False], ids=["refreshed", "written since"])
@pytest.mark.parametrize(
    "only",
    [
        Only(),
        Only(types=["payment"]),
        Only(types=["payment", "rent"], min_confidence=0.5),
        Only(min_confidence=0.51),
        Only(since=date(2024, 1, 31)),
        Only(since=date(2024, 1, 31), until=date(2024, 1, 31)),
        Only(until=date(2024, 1, 30)),
        Only(until=date(9999, 12, 31)),
        Only(layers=["fraud"]),
        Only(layers=["fraud", "causal"]),
        Only(kinds=["payment", "fee"]),
        Only(kinds=["obligation"]),
        Only(kinds=["payment"], once=True),
        Only(types=["rent"], once=True),
        Only(once=True),
    ],
    ids=str,
)
def test_edges_are_counted_as_the_engine_chooses_them(tenant, only, refreshed):
    user = tenant.pk
    entities = [rows.entity(user, name) for name in "ab"]
    refresh.refresh()
    first = rows.payment(user, *entities, confidence_score=0.5)
    view = rows.payment(user, *entities, relationship_type="rent")
    models.RelationshipInstance.objects.using("owner").filter(id=view).update(canonical_id=first)
    owed = [rows.event(user, entity, records="obligation") for entity in entities]
    rows.relationship(user, *owed)
    rows.payment(user, *entities, edge_class="link", relationship_type="follows")
    late = [rows.event(user, entity, occurred_at="2024-02-01T00:00:00Z") for entity in entities]
    second = rows.relationship(user, *late)
    rows.add(
        models.DuplicateTransaction,
        user_id=user,
        relationship_id=second.id,
        original_relationship_id=first,
        duplicate_confidence=0.5,
    )
    if refreshed:
        refresh.refresh()
    for flow in (True, False):
        graph, _ = load(user, only.columns(), edge_class="flow" if flow else None)
        assert sizes.edges_of(user, only, flow=flow) == only.of(graph).edge_count
