"""When a refresh is worth its while, and that forgetting marks changes no version."""

import pytest
from django.db import connections

from graph.errors import TooOld
from graph.reading import change_feed
from graph.view import maintenance, refresh, version
from graph.view.maintenance import Pending
from syncjobs import periodic
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")

QUIET = {"marks": 0, "named": 0, "age": 0.0, "unknown": False, "rows": 100_000, "seconds": 1.0, "ago": 60.0}  # fmt: skip  # noqa: E501


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else None


@pytest.mark.parametrize(
    ("differs", "due"),
    [
        ({}, False),
        ({"unknown": True}, True),
        ({"marks": 1, "named": 2_000}, False),
        ({"marks": 1, "named": 2_001}, True),
        ({"marks": 1, "named": 2_001, "ago": 3.9}, False),
        ({"marks": 1, "named": 1_000, "rows": 10}, False),
        ({"marks": 1, "named": 1_001, "rows": 10}, True),
        ({"marks": 1, "named": 1, "age": 901.0}, True),
        ({"marks": 1, "named": 1, "age": 901.0, "seconds": 20.0}, False),
    ],
)
def test_the_moment_follows_from_amount_and_age(differs, due):
    assert Pending(**{**QUIET, **differs}).worth_a_refresh() is due


def test_what_is_pending_is_counted_over_all_tenants():
    refresh.refresh()
    assert (maintenance.pending().marks, maintenance.pending().unknown) == (0, False)
    for _ in range(2):
        rows.entity(rows.tenant_id(), "A")
    result = maintenance.pending()
    assert (result.marks, result.named, result.unknown) == (2, 2, False)
    assert 0 <= result.age < 60
    execute("TRUNCATE causal_relationships")
    assert maintenance.pending().unknown


def test_the_worker_refreshes_only_where_it_is_worth_it():
    refresh.refresh()
    assert periodic.refresh_view() == {"rows": None}
    rows.payment(rows.tenant_id())
    assert periodic.refresh_view() == {"rows": None}, "one payment is no reason"
    execute("UPDATE change_marks SET created_at = created_at - interval '1 hour'")
    execute("UPDATE view_refreshes SET finished_at = finished_at - interval '1 hour'")
    assert periodic.refresh_view()["rows"] == 1


def test_forgetting_changes_no_version_and_ends_old_feeds():
    user = rows.tenant_id()
    old = version.version(user)
    rows.entity(user, "A")
    refresh.refresh()
    execute("UPDATE view_refreshes SET finished_at = finished_at - interval '91 days'")
    young = rows.entity(user, "B")
    before = version.version(user)
    assert maintenance.delete_change_records(90) == 1
    assert version.version(user) == before
    assert execute("SELECT ids FROM change_marks") == [([young.id],)]
    with pytest.raises(TooOld):
        change_feed.since(user, old)
    refresh.refresh()
    assert version.version(user) == before
    rows.entity(user, "C")
    assert len(change_feed.since(user, before)["entities"]["added"]) == 1


def test_what_no_old_refresh_has_seen_is_kept():
    rows.entity(rows.tenant_id(), "A")
    assert maintenance.delete_change_records(0) == 0
    refresh.refresh()
    assert maintenance.delete_change_records(90) == 0
    assert maintenance.delete_change_records(0) == 1
