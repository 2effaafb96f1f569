"""The view's life: one row per relationship, refreshing, its states and the check's words."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from graph import system_checks
from graph.database import role
from graph.models import EnrichedRelationship, ViewRefresh
from graph.models.view_sql import view_sql
from graph.view import refresh
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else None


def command(*arguments) -> str:
    out = StringIO()
    call_command("refresh_enriched_view", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_counts_what_it_added_changed_and_removed():
    user = rows.tenant_id()
    unchanged, changed, removed = (rows.payment(user, amount=n) for n in (1, 2, 3))
    first = json.loads(command("--json"))
    assert (first["rows"], first["added"], first["changed"], first["removed"]) == (3, 3, 0, 0)
    execute("UPDATE relationship_instances SET reason = 'x' WHERE id = %s", changed)
    execute("UPDATE relationship_instances SET deleted_at = now() WHERE id = %s", removed)
    rows.payment(user, amount=4)
    second = json.loads(command("--json"))
    assert second["concurrently"] is True
    assert (second["rows"], second["added"], second["changed"], second["removed"]) == (3, 1, 1, 1)
    everything = EnrichedRelationship.objects.using("owner")
    assert set(everything.values_list("reason", flat=True)) == {"x", ""}
    assert everything.filter(id=unchanged).exists()


def test_an_exclusive_refresh_counts_the_same_way():
    user = rows.tenant_id()
    changed, removed = rows.payment(user), rows.payment(user)
    command()
    execute("UPDATE relationship_instances SET reason = 'x' WHERE id = %s", changed)
    execute("DELETE FROM relationship_instances WHERE id = %s", removed)
    rows.payment(user)
    result = refresh.refresh(concurrently=False)
    assert (result.rows, result.added, result.changed, result.removed) == (2, 1, 1, 1)


def test_each_refresh_is_recorded_with_its_snapshot():
    rows.payment(rows.tenant_id())
    result = refresh.refresh()
    record = ViewRefresh.objects.using("owner").latest()
    assert (record.rows, record.added, record.concurrently) == (result.rows, 1, True)
    assert record.snapshot.count(":") == 2


def test_a_second_refresher_says_so_or_waits():
    holder = connections.create_connection("owner")
    with holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [refresh.LOCK])
    with pytest.raises(CommandError, match="Another refresh is running") as refusal:
        command("--no-wait")
    assert refusal.value.returncode == 3
    waiting = threading.Thread(target=_refresh_elsewhere)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive(), "it did not wait"
    with holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [refresh.LOCK])
    holder.close()
    waiting.join(30)
    assert not waiting.is_alive()
    assert ViewRefresh.objects.using("owner").count() == 1


def _refresh_elsewhere():
    try:
        refresh.refresh()
    finally:
        connections.close_all()


def test_an_unpopulated_view_is_told_with_the_command_that_mends_it():
    execute("REFRESH MATERIALIZED VIEW view_enriched_relationships WITH NO DATA")
    with pytest.raises(CommandError, match="refresh_enriched_view --no-concurrently"):
        command()
    assert [w.id for w in system_checks.view_is_there_and_filled(databases=["owner"])] == [
        "graph.W002"
    ]
    assert json.loads(command("--no-concurrently", "--json"))["concurrently"] is False
    assert system_checks.view_is_there_and_filled(databases=["owner"]) == []


def test_a_missing_view_is_told_and_migrate_puts_it_back_with_its_grants():
    execute("DROP MATERIALIZED VIEW view_enriched_relationships CASCADE")
    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        command()
    assert [w.id for w in system_checks.view_is_there_and_filled(databases=["owner"])] == [
        "graph.W001"
    ]
    call_command("migrate", verbosity=0)
    assert refresh.state() is refresh.State.READY
    if role.application_role() != role.current_role("owner"):
        assert privileges("view_enriched_relationships") == set()
        assert privileges("tenant_relationships") == {"SELECT"}
    indexes = execute(
        "SELECT indexname FROM pg_indexes WHERE tablename = 'view_enriched_relationships'"
    )
    assert {name for (name,) in indexes} == {
        "view_enriched_relationships_id_index",
        "view_enriched_tenant_date",
        "view_enriched_source",
        "view_enriched_target",
        "view_enriched_rare",
    }


def privileges(table: str) -> set[str]:
    result = execute(
        "SELECT acl.privilege_type FROM pg_class, aclexplode(relacl) AS acl "
        "WHERE oid = %s::regclass AND grantee = %s::regrole",
        table,
        role.application_role(),
    )
    return {name for (name,) in result}


def test_the_application_owns_nothing_and_writes_only_what_it_must():
    if role.application_role() == role.current_role("owner"):
        pytest.skip("one role serves as both: DATABASE_OWNER_URL is not set")
    owned = execute("SELECT count(*) FROM pg_tables WHERE tableowner = %s", role.application_role())
    assert owned == [(0,)]
    assert privileges("raw_events") == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert privileges("finley_user") == set()
    assert privileges("finley_apitoken") == set()
    columns = (
        "SELECT count(*) FROM information_schema.column_privileges "
        "WHERE grantee = %s AND table_name IN ('finley_user', 'finley_apitoken')"
    )
    assert execute(columns, role.application_role()) == [(0,)]
    assert privileges("view_refreshes") == {"SELECT"}
    assert privileges("django_session") == privileges("duties") == set()


def test_the_printed_definition_builds_the_same_view():
    printed = command("--print-sql").replace("view_enriched", "view_printed")
    with connections["owner"].cursor() as cursor:
        cursor.execute(printed)
        cursor.execute(
            "SELECT count(DISTINCT pg_get_viewdef(oid)) FROM pg_class WHERE relname IN "
            "('view_enriched_relationships', 'view_printed_relationships')"
        )
        assert cursor.fetchone() == (1,)
        cursor.execute("DROP MATERIALIZED VIEW view_printed_relationships")


def test_the_models_columns_are_the_views():
    result = execute(
        "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped "
        "AND attrelid = 'view_enriched_relationships'::regclass ORDER BY attnum"
    )
    assert [name for (name,) in result] == [f.name for f in EnrichedRelationship._meta.fields]
    assert view_sql().count("LEFT JOIN") == 11
