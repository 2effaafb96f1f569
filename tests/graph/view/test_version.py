"""A tenant's version: it changes when and only when its graph can have changed."""

from contextlib import contextmanager

import pytest
from django.db import connections

from graph import models
from graph.database.tenancy import tenant_row
from graph.view import refresh, triggers, version
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)


def state(user) -> version.State:
    return version.read(tenant_row(user, version.query(user)))


@contextmanager
def session():
    """A second writer, in a transaction that ends when it is told to."""
    connection = connections.create_connection("owner")
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        yield cursor
        cursor.execute("ROLLBACK")
    connection.close()


RENAME = "UPDATE normalized_entities SET name = name || 'x' WHERE id = %s"


def test_a_version_is_of_one_tenant():
    one, other = rows.tenant_id(), rows.tenant_id()
    before = version.version(one), version.version(other)
    rows.entity(one, "Acme")
    assert version.version(one) != before[0]
    assert version.version(other) == before[1]


def test_a_version_never_comes_back():
    user = rows.tenant_id()
    versions = [version.version(user)]
    entity = rows.entity(user, "Acme")
    for name in ("a", "b", "a", "b"):
        execute("UPDATE normalized_entities SET name = %s WHERE id = %s", name, entity.id)
        versions.append(version.version(user))
    assert len(set(versions)) == 5


def test_neither_a_refresh_nor_forgetting_changes_it():
    user = rows.tenant_id()
    rows.payment(user, rows.entity(user, "A"), rows.entity(user, "B"))
    before = version.version(user)
    refresh.refresh()
    assert version.version(user) == before
    assert state(user).pending == {}


def test_transactions_that_end_in_another_order_than_they_began():
    user = rows.tenant_id()
    one, other = rows.entity(user, "one"), rows.entity(user, "other")
    versions = [version.version(user)]
    with session() as first, session() as second:
        first.execute(RENAME, [one.id])
        second.execute(RENAME, [other.id])
        assert version.version(user) == versions[0], "nothing is committed yet"
        second.execute("COMMIT")
        versions.append(version.version(user))
        refresh.refresh()
        assert version.version(user) == versions[1]
        first.execute("COMMIT")
        versions.append(version.version(user))
    assert len(set(versions)) == 3


def test_what_commits_during_a_refresh_stays_pending():
    user = rows.tenant_id()
    entity = rows.entity(user, "A")
    payment = rows.payment(user, entity, entity)
    refresh.refresh()
    with session() as late:
        late.execute("UPDATE relationship_instances SET reason = 'late' WHERE id = %s", [payment])
        refresh.refresh()
        late.execute("COMMIT")
    assert state(user).pending == {"relationship": 1}
    assert models.EnrichedRelationship.objects.using("owner").get(id=payment).reason == ""
    refresh.refresh()
    assert state(user).pending == {}


def test_a_truncated_table_changes_everybodys_version():
    user = rows.tenant_id()
    before = version.version(user)
    execute("TRUNCATE causal_relationships")
    assert version.version(user) != before
    assert state(user).unknown
    refresh.refresh()
    assert not state(user).unknown


def test_a_refresh_on_another_server_says_nothing_here():
    user = rows.tenant_id()
    refresh.refresh()
    assert not state(user).unknown
    execute("UPDATE view_refreshes SET cluster = 1")
    assert state(user).unknown
    assert state(user).snapshot is None
    restored = version.version(user)
    rows.entity(user, "A")
    assert version.version(user) != restored
    refresh.refresh()
    assert not state(user).unknown


def test_without_any_refresh_every_mark_is_pending():
    user = rows.tenant_id()
    rows.entity(user, "A")
    assert (state(user).snapshot, state(user).pending) == (None, {"entity": 1})


def test_the_application_reads_marks_and_writes_none():
    role = connections["default"].settings_dict["USER"]
    if role == connections["owner"].settings_dict["USER"]:
        pytest.skip("one role serves as both: DATABASE_OWNER_URL is not set")
    with connections["owner"].cursor() as cursor:
        for table in (triggers.CHANGE_RECORDS, triggers.COMPACTED):
            text = "SELECT has_table_privilege(%s, %s, %s)"
            cursor.execute(text, [role, table, "SELECT"])
            assert cursor.fetchone() == (True,)
            cursor.execute(text, [role, table, "INSERT, UPDATE, DELETE, TRUNCATE"])
            assert cursor.fetchone() == (False,)
