"""System checks of the view, functions and roles (`manage.py check --database owner`)."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004
from django.db import connections

from graph.database import functions, role
from graph.errors import FunctionMissing, ViewMissing
from graph.view import refresh

HINT_ROLES = (
    "The role owns the tables or is a superuser. Create one role for the application and one for "
    "the owner (manage.py setup_roles), and set DATABASE_URL and DATABASE_OWNER_URL."
)


@register(Tags.database)
def view_is_there_and_filled(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Return warning graph.W001 if the view is missing, graph.W002 if it was never refreshed,
    else nothing."""
    if "owner" not in (databases or ()) or not _migrated():
        return []
    state = refresh.state()
    if state is refresh.State.MISSING:
        return [
            _warning("W001", "The view view_enriched_relationships is missing.", ViewMissing.HINT)
        ]
    if state is refresh.State.UNPOPULATED or not refresh.was_refreshed():
        return [
            _warning(
                "W002", "The view was never refreshed: the graph is empty.", refresh.HINT_STALE
            )
        ]
    return []


@register(Tags.database)
def the_application_is_bound(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Return warning graph.W003 if row-level security does not apply to the application's role,
    else nothing."""
    if "owner" not in (databases or ()):
        return []
    name = role.application_role()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls OR pg_has_role(oid, current_user, 'MEMBER') "
            "FROM pg_roles WHERE rolname = %s",
            [name],
        )
        row = cursor.fetchone()
    if row is None or not row[0]:
        return []
    return [_warning("W003", f"Row-level security does not apply to the role {name}.", HINT_ROLES)]


@register(Tags.database)
def the_functions_are_there(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Return warning graph.W004 if the database lacks functions that this release calls, else
    nothing."""
    if "owner" not in (databases or ()) or not _migrated():
        return []
    with connections["owner"].cursor() as cursor:
        missing = functions.missing(cursor)
    if not missing:
        return []
    message = f"The database lacks functions that this release calls: {', '.join(missing)}."
    return [_warning("W004", message, FunctionMissing.HINT)]


def _warning(number: str, message: str, hint: str) -> CheckMessage:
    return Warning(message, hint=hint, id=f"graph.{number}")


def _migrated() -> bool:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('view_refreshes') IS NOT NULL")
        return bool(cursor.fetchone()[0])
