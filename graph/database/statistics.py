"""Keeps the statistics of PostgreSQL's planner current."""

from uuid import UUID

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from psycopg.sql import SQL, Identifier, Literal

from graph import sql

MANY = 1_000  # rows of a tenant; for fewer even a wrong plan is fast
TIMES = 10  # factor by which the rows exceed the planner's estimate before its plans are wrong


def analyze_stale(connection: BaseDatabaseWrapper) -> None:
    """ANALYZE, as the owner, the tables that have changed much since they were last analyzed.

    Right after an import the planner does not know the new rows, and its plans are 100 times
    slower.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.read("database/stale_statistics"), [_tables(managed=True)])
        _analyze(cursor, [table for (table,) in cursor.fetchall()])


def analyze_grown(connection: BaseDatabaseWrapper, user_id: UUID) -> list[str]:
    """ANALYZE, as the owner, the tables where the tenant has far more rows than the planner
    expects. Return their names.

    If large tenants share a table, the rows of a new tenant are a small part of it. The table does
    not count as stale then, but the planner expects a single row of the new tenant.
    """
    with connection.cursor() as cursor:
        stale = [table for table in _tables() if _is_underestimated(cursor, table, user_id)]
        _analyze(cursor, stale)
    return stale


def _is_underestimated(cursor: CursorWrapper, table: str, user_id: UUID) -> bool:
    of = SQL("FROM {} WHERE user_id = {}").format(Identifier(table), Literal(str(user_id)))
    cursor.execute(SQL("EXPLAIN (FORMAT JSON) SELECT {}").format(of))
    [[plan]] = cursor.fetchone()
    least = max(MANY, TIMES * int(plan["Plan"]["Plan Rows"]))
    cursor.execute(SQL("SELECT count(*) FROM (SELECT {} LIMIT {}) AS rows").format(of, least))
    (rows,) = cursor.fetchone()
    return bool(rows >= least)


def _tables(*, managed: bool | None = None) -> list[str]:
    """Return names of the graph's tables: with `managed` those that migrations create, else those
    and the views whose rows belong to tenants."""
    return [
        model._meta.db_table
        for model in apps.get_app_config("graph").get_models()
        if (model._meta.managed if managed else _is_of_tenants(model))
    ]


def _is_of_tenants(model: type[Model]) -> bool:
    return any(field.column == "user_id" for field in model._meta.concrete_fields)


def _analyze(cursor: CursorWrapper, tables: list[str]) -> None:
    for table in tables:
        cursor.execute(SQL("ANALYZE {}").format(Identifier(table)))
