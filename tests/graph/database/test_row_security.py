"""Tenants apart in the database itself, whatever the application asks of it."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.db.utils import ProgrammingError
from psycopg.sql import SQL, Identifier

from graph import models
from graph.database import arrow, grants, role, row_security
from graph.database.tenancy import tenant_transaction
from graph.system_checks import the_application_is_bound
from graph.view import refresh
from graph.view.triggers import EVERYBODY
from syncjobs.models import (
    AlertRule,
    Delivery,
    DeliveryEndpoint,
    TenantExport,
    TenantExportPiece,
    Upload,
    UploadPiece,
)
from tests.graph import rows
from tests.graph.api.conftest import keep_books
from tests.syncjobs import run_rows

pytestmark = pytest.mark.usefixtures("committed")
VIEW = "tenant_relationships"


def everything_of(user: UUID) -> None:
    """A row in each table."""
    books = keep_books(user)
    rows.add(
        models.EntityResolution,
        user_id=user,
        kept_id=books.acme,
        merged_id=books.borough,
        confidence=0.5,
        reason="alike",
        decided="open",
    )
    rows.case(user)
    upload = rows.add(Upload, user_id=user, name="books.csv", size=1)
    rows.add(UploadPiece, user_id=user, upload_id=upload.id, number=0, data=b"x")
    export = rows.add(TenantExport, user_id=user, requested_by="me@example.org")
    rows.add(TenantExportPiece, user_id=user, export_id=export.id, number=0, data=b"x")
    endpoint = rows.add(
        DeliveryEndpoint, user_id=user, name="me", channel="email", address="me@example.org"
    )
    rows.add(Delivery, user_id=user, endpoint=endpoint, event="test.said", title="x", body="{}")
    rows.add(AlertRule, user_id=user, endpoint=endpoint, kind="dead_letter")
    rows.asked(user)
    rows.repeated(user)
    connection = run_rows.connection(user)
    run_rows.item(connection)
    run_rows.attempt(run_rows.failure(connection).run)


@pytest.fixture
def both() -> Iterator[tuple[UUID, UUID]]:
    tenants = rows.tenant_id(), rows.tenant_id()
    for user in tenants:
        everything_of(user)
    refresh.refresh()
    return tenants


def owner(statement: str, *parameters: object) -> list:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def tables() -> dict[str, bool]:
    with connections["owner"].cursor() as cursor:
        return dict(row_security.tenant_tables(cursor))


def of_models() -> set[str]:
    return {
        model._meta.db_table
        for label in grants.TENANT_APPS
        for model in apps.get_app_config(label).get_models()
        if model._meta.managed and any(f.column == "user_id" for f in model._meta.fields)
    }


def allowed(privilege: str) -> list[str]:
    """The tables of tenants' rows, and the view, with which the application's role may do that."""
    result = owner(
        "SELECT name FROM unnest(%s::text[]) AS name "
        "WHERE has_table_privilege(%s, format('public.%%I', name), %s)",
        [*tables(), VIEW],
        role.application_role(),
        privilege,
    )
    return [name for (name,) in result]


def users_in(table: str, tenant: UUID | None) -> set[UUID]:
    """Whose rows the application's role sees, without a filter of its own."""
    query = SQL("SELECT DISTINCT user_id FROM {}").format(Identifier(table))
    if tenant is None:
        with connections["default"].cursor() as cursor:
            cursor.execute(query)
            return {user for (user,) in cursor.fetchall()} - {EVERYBODY}
    with tenant_transaction(tenant) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return {user for (user,) in cursor.fetchall()} - {EVERYBODY}


def _rows_of(table: str, user: UUID) -> int:
    """As the owner sees them; the view itself is asked by nobody's name."""
    name = "view_enriched_relationships" if table == VIEW else table
    query = SQL("SELECT count(*) FROM {} WHERE user_id = %s").format(Identifier(name))
    return owner(query, user)[0][0]


def test_every_table_with_a_tenant_has_its_policy():
    assert of_models() <= set(tables())
    assert [table for table, apart in tables().items() if not apart] == []


def test_a_later_table_is_found_without_and_gets_its_policy_at_the_next_migrate():
    owner("CREATE TABLE later_rows (user_id uuid NOT NULL)")
    try:
        assert tables()["later_rows"] is False
        call_command("migrate", verbosity=0)
        assert tables()["later_rows"] is True
    finally:
        owner("DROP TABLE later_rows")


def test_a_table_whose_policy_was_switched_off_is_found():
    owner("ALTER TABLE raw_events DISABLE ROW LEVEL SECURITY")
    try:
        assert tables()["raw_events"] is False
    finally:
        owner("ALTER TABLE raw_events ENABLE ROW LEVEL SECURITY")


def test_each_sees_its_own_rows_and_nobody_sees_any_without_a_name(both):
    mine, theirs = both
    checked = [name for name in allowed("SELECT") if name in {*of_models(), VIEW}]
    assert len(checked) >= 20
    for name in allowed("SELECT"):
        assert users_in(name, None) == set(), name
        assert users_in(name, mine) <= {mine}, name
        assert users_in(name, rows.tenant_id()) == set(), name
    filled = [name for name in checked if _rows_of(name, mine)]
    assert len(filled) >= 20
    for name in filled:
        assert users_in(name, mine) == {mine}, name
        assert users_in(name, theirs) == {theirs}, name


def test_nobody_writes_into_anothers_rows(both):
    mine, theirs = both
    assert len(allowed("DELETE")) >= 19
    for name in allowed("DELETE"):
        before = owner(SQL("SELECT count(*) FROM {}").format(Identifier(name)))
        with tenant_transaction(mine) as connection, connection.cursor() as cursor:
            deletion = SQL("DELETE FROM {} WHERE user_id = %s").format(Identifier(name))
            cursor.execute(deletion, [theirs])
            assert cursor.rowcount == 0, name
            update = SQL("UPDATE {} SET user_id = %s WHERE user_id = %s").format(Identifier(name))
            cursor.execute(update, [mine, theirs])
            assert cursor.rowcount == 0, name
        assert owner(SQL("SELECT count(*) FROM {}").format(Identifier(name))) == before


def test_nobody_gives_a_row_to_another(both):
    mine, theirs = both
    for name in ("raw_events", "normalized_entities", "sync_connections"):
        update = SQL("UPDATE {} SET user_id = %s").format(Identifier(name))
        with (
            pytest.raises(ProgrammingError, match="row-level security"),
            tenant_transaction(mine) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(update, [theirs])


def test_the_whole_view_is_not_the_applications_to_read(both):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_transaction(both[0]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1 FROM view_enriched_relationships")


def test_a_condition_that_talks_hears_no_strangers_row(both):
    """Without the barrier a cheap function would be asked before the tenant is."""
    mine, _ = both
    with tenant_transaction(mine) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE heard (user_id uuid)")
        cursor.execute(
            "CREATE FUNCTION pg_temp.overhear(uuid) RETURNS bool LANGUAGE plpgsql COST 0.0000001 "
            "AS 'BEGIN INSERT INTO heard VALUES ($1); RETURN true; END'"
        )
        for name in (VIEW, "raw_events"):
            query = SQL("SELECT count(*) FROM {} WHERE pg_temp.overhear(user_id)")
            cursor.execute(query.format(Identifier(name)))
            assert cursor.fetchone()[0] > 0
        cursor.execute("SELECT DISTINCT user_id FROM heard")
        assert cursor.fetchall() == [(mine,)]
        cursor.execute("DROP TABLE heard")
        cursor.execute("DROP FUNCTION pg_temp.overhear(uuid)")


def test_arrow_readers_see_their_tenant_alone(both):
    mine, theirs = both
    with arrow.tenant_snapshot(mine) as reader:
        for name in (VIEW, "normalized_entities"):
            query = SQL("SELECT DISTINCT user_id::text FROM {}").format(Identifier(name))
            assert reader.table(query).column(0).to_pylist() == [str(mine)]
            foreign = SQL("SELECT 1 FROM {} WHERE user_id = {}")
            assert reader.table(foreign.format(Identifier(name), str(theirs))).num_rows == 0


def test_the_name_ends_with_the_transaction(both):
    with tenant_transaction(both[0]):
        pass
    assert users_in("raw_events", None) == set()


def test_the_application_can_neither_bypass_nor_become_the_owner():
    bound = owner(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole, "
        "pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles WHERE rolname = %s",
        role.application_role(),
    )
    assert bound == [(False, False)]


def test_one_role_for_both_is_told(monkeypatch):
    assert the_application_is_bound(databases=["owner"]) == []
    monkeypatch.setattr(role, "application_role", lambda: role.current_role("owner"))
    (report,) = the_application_is_bound(databases=["owner"])
    assert report.id == "graph.W003"
    assert "setup_roles" in report.hint
