"""The rights of the application's role, granted after every migrate and rebuild of the view."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from django.dispatch import receiver
from django_pgviews.signals import all_views_synced
from psycopg import sql

from graph.database import functions, row_security
from graph.database.role import application_role, current_role
from graph.models.view_sql import TENANT_VIEW, VIEW

TENANT_APPS = ("graph", "syncjobs")
READ_ONLY = (TENANT_VIEW, "view_refreshes", "django_migrations")
NONE = (  # have rows of all tenants: the application may not touch them
    VIEW,
    "duties",
    "replay_batches",
    "replay_items",
    "saved_filters",
    "worker_processes",
)
# Read only through functions that answer for one token: nobody can list addresses or digests.
ADD_ONLY = ("project_tasks",)  # rows of all tenants: the application adds them, workers read them
BY_FUNCTION = ("finley_user", "finley_apitoken")
LOCK = 0x6772616E7473  # "grants": the advisory lock of `one_at_a_time`


@receiver(all_views_synced)
def put_in_place(using: str, **_: Any) -> None:
    """Create the policies and functions, and grant the application's role its rights.

    All in one transaction, so that requests never meet a table without its grants. If the owner is
    also the application's role, nothing is granted.
    """
    if using != "owner":
        return
    with one_at_a_time(using) as cursor:
        row_security.put_in_place(cursor)
        functions.put_in_place(cursor)
        if application_role() != current_role(using):
            _grant(cursor, application_role())


@contextmanager
def one_at_a_time(using: str) -> Iterator[CursorWrapper]:
    """Yield a cursor in a transaction that holds a lock, so that only one process at a time is
    inside.

    PostgreSQL refuses to change the same function or grant in two transactions at once ("tuple
    concurrently updated"), as two `migrate` would.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield cursor


def _grant(cursor: CursorWrapper, role: str) -> None:
    for privileges, table in _grants():
        names = {"table": sql.Identifier(table), "role": sql.Identifier(role)}
        cursor.execute(sql.SQL("REVOKE ALL ON {table} FROM {role}").format(**names))
        if privileges:
            grant = sql.SQL("GRANT {what} ON {table} TO {role}")
            cursor.execute(grant.format(what=sql.SQL(privileges), **names))
    functions.grant(cursor, role)
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))


def _grants() -> list[tuple[str, str]]:
    tables = [
        model._meta.db_table
        for label in TENANT_APPS
        for model in apps.get_app_config(label).get_models()
        if model._meta.managed and model._meta.db_table not in READ_ONLY + NONE + ADD_ONLY
    ]
    return [
        *(("SELECT, INSERT, UPDATE, DELETE", table) for table in tables),
        *(("", table) for table in NONE),
        *(("SELECT", table) for table in READ_ONLY),
        *(("INSERT", table) for table in ADD_ONLY),
        *(("", table) for table in BY_FUNCTION),
    ]
