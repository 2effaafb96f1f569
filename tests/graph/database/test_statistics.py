"""The planner's statistics: of tables that changed, and of a tenant that grew beside large ones."""

import pytest
from django.db import connections

from graph import models
from graph.database.statistics import analyze_grown, analyze_stale
from tests.graph import rows

LARGE, NEW = 40_000, 2_000
FILL = """
    INSERT INTO relationship_instances (
        user_id, source_event_id, target_event_id, relationship_type, edge_class,
        confidence_score, detection_method, reason
    )
    SELECT %s, source.id, target.id, 'kind ' || n, 'link', 1, 'x', ''
    FROM generate_series(1, %s) AS n, raw_events AS source, raw_events AS target
    WHERE source.id = %s AND target.id = %s
"""


def fill(user, count):
    ends = [rows.event(user.id).id for _ in range(2)]
    with connections["owner"].cursor() as cursor:
        cursor.execute(FILL, [user.id, count, *ends])


def expected(user):
    with connections["owner"].cursor() as cursor:
        query = "EXPLAIN (FORMAT JSON) SELECT FROM relationship_instances WHERE user_id = %s"
        cursor.execute(query, [user.id])
        [[plan]] = cursor.fetchone()
    return plan["Plan"]["Plan Rows"]


@pytest.fixture
def beside(tenant, other_tenant):
    """A new tenant whose rows are a twentieth of a large one's that was analyzed.

    PostgreSQL itself does not analyze the table meanwhile.
    """
    fill(other_tenant, LARGE)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE relationship_instances SET (autovacuum_enabled = off)")
        cursor.execute("ANALYZE")
    fill(tenant, NEW)
    yield tenant
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE relationship_instances RESET (autovacuum_enabled)")


def test_a_new_tenant_beside_a_large_one(beside):
    owner = connections["owner"]
    assert expected(beside) < NEW / 10
    analyze_stale(owner)
    assert expected(beside) < NEW / 10  # less than a tenth of the table has changed
    assert analyze_grown(owner, beside.id) == [models.RelationshipInstance._meta.db_table]
    assert NEW / 2 < expected(beside) < NEW * 2
    assert analyze_grown(owner, beside.id) == []


def test_tenants_that_are_expected_as_they_are(beside, other_tenant):
    assert analyze_grown(connections["owner"], other_tenant.id) == []
