"""The rights of the application's role, granted after every migrate and rebuild of the view."""

from typing import Any

from django.apps import apps
from django.db import connections
from django.dispatch import receiver
from django_pgviews.signals import all_views_synced
from psycopg import sql

from graph.database import row_security
from graph.models.view_sql import TENANT_VIEW, VIEW

TENANT_APPS = ("graph", "syncjobs")
READ_ONLY = (TENANT_VIEW, "view_refreshes", "django_migrations")
NONE = (  # of all tenants
    VIEW,
    "duties",
    "replay_batches",
    "replay_items",
    "saved_filters",
    "worker_processes",
)
# Read only through functions that answer for one token: nobody can list addresses or digests.
BY_FUNCTION = ("finley_user", "finley_apitoken")


@receiver(all_views_synced)
def put_in_place(using: str, **_: Any) -> None:
    """Create the policies and grant the application's role its rights. If the owner is also the
    application's role, nothing is granted."""
    if using != "owner":
        return
    with connections[using].cursor() as cursor:
        row_security.put_in_place(cursor)
    role = application_role()
    if role == current_role(using):
        return
    with connections[using].cursor() as cursor:
        for privileges, table in _grants():
            names = {"table": sql.Identifier(table), "role": sql.Identifier(role)}
            cursor.execute(sql.SQL("REVOKE ALL ON {table} FROM {role}").format(**names))
            if privileges:
                grant = sql.SQL("GRANT {what} ON {table} TO {role}")
                cursor.execute(grant.format(what=sql.SQL(privileges), **names))
        for function in (*row_security.FUNCTIONS, *row_security.OF_CALLERS):
            grant = sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}")
            cursor.execute(grant.format(sql.Identifier(function), sql.Identifier(role)))
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))


def application_role() -> str:
    """Return the database role of the web and worker processes."""
    return str(connections["default"].settings_dict["USER"])


def current_role(using: str) -> str:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def _grants() -> list[tuple[str, str]]:
    tables = [
        model._meta.db_table
        for label in TENANT_APPS
        for model in apps.get_app_config(label).get_models()
        if model._meta.managed and model._meta.db_table not in READ_ONLY + NONE
    ]
    return [
        *(("SELECT, INSERT, UPDATE, DELETE", table) for table in tables),
        *(("", table) for table in NONE),
        *(("SELECT", table) for table in READ_ONLY),
        *(("", table) for table in BY_FUNCTION),
    ]
