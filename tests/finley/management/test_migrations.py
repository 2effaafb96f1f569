"""Migrations of an installation that has rows: indexes on large tables, and the way back."""

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connections, transaction
from django.db.migrations import AddIndex, Migration
from django.db.migrations.loader import MigrationLoader

from finley.models import User
from syncjobs.models import Upload
from tests.graph.rows import add

LARGE = {"rawevent", "normalizedentity", "relationshipinstance"}


@pytest.fixture
def loader(committed) -> MigrationLoader:
    return MigrationLoader(connections["owner"])


def at(loader: MigrationLoader, app: str, name: str) -> tuple[Migration, tuple[str, str]]:
    """The migration whose name begins with `name`, and the key of the one before it."""
    migration = loader.get_migration_by_prefix(app, name)
    return migration, next(key for key in migration.dependencies if key[0] == app)


def test_an_index_on_a_large_table_is_built_while_others_write(loader):
    large = [
        (migration, operation)
        for (app, name), migration in loader.disk_migrations.items()
        for operation in migration.operations
        if app == "graph" and name >= "0016" and isinstance(operation, AddIndex)
        if operation.model_name_lower in LARGE
    ]
    assert large, "there is one at least"
    for migration, operation in large:
        assert isinstance(operation, AddIndexConcurrently), migration
        assert not migration.atomic, migration


def test_the_build_of_an_index_that_ended_early_is_repeated(loader):
    migration, before = at(loader, "graph", "0016")
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP INDEX raw_events_reach")
        cursor.execute("CREATE INDEX raw_events_reach ON raw_events (id)")  # what was left
        with connections["owner"].schema_editor(atomic=False) as editor:
            migration.apply(loader.project_state(before), editor)
        cursor.execute(
            "SELECT indisvalid, pg_get_expr(indpred, indrelid) FROM pg_index "
            "WHERE indexrelid = 'raw_events_reach'::regclass"
        )
        assert cursor.fetchone() == (True, "(kind = 'posting'::text)")


def test_uploads_that_were_taken_back_do_not_stand_in_the_way_back(loader, tenant: User):
    states = {"taken_back": "failed", "taking_back": "done", "done": "done", "ready": "ready"}
    uploads = {
        state: add(Upload, user_id=tenant.pk, name=state, size=1, uploaded_by="a", state=state)
        for state in states
    }
    migration, before = at(loader, "syncjobs", "0016")
    with transaction.atomic(using="owner"):
        with connections["owner"].schema_editor(atomic=False) as editor:
            migration.unapply(loader.project_state(before), editor)
        for state, upload in uploads.items():
            now = Upload.objects.using("owner").values_list("state", flat=True).get(pk=upload.pk)
            assert now == states[state]
        transaction.set_rollback(True, using="owner")
