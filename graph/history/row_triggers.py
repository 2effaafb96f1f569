"""Records rows before they change: statement triggers write them to `row_history`.

As those of change records (`graph.view.triggers`), the triggers are created after every migrate,
because `graph.layers` determines the tables. Each function states the columns of its table in a
comment. So a trigger is different after a migration that adds, renames or removes a column: rows
that were recorded before do not have the new column's value.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.dispatch import receiver
from django_pgviews.signals import all_views_synced
from psycopg.sql import SQL, Literal

from graph import sql
from graph.database.grants import one_at_a_time
from graph.history import past_tables
from graph.history.recorded_tables import OPERATIONS, recorded_tables
from graph.view.triggers import EVERYBODY, create, grant_read, is_enabled

ROWS = "row_history"
TRANSACTIONS = "recorded_transactions"
COLUMNS = (
    "SELECT relation.relname, string_agg("
    "attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) "
    "FROM pg_class AS relation JOIN pg_attribute ON attrelid = relation.oid "
    "WHERE relation.oid = ANY (%s::regclass[]) AND attnum > 0 AND NOT attisdropped "
    "GROUP BY relation.relname"
)
BEGIN = "SELECT public.recorded_transaction(%s)"


@receiver(all_views_synced)
def put_in_place(using: str, **_: Any) -> None:
    """Create the triggers and the tables of the past.

    If a trigger was missing, disabled or different, changes may have been missed, or earlier rows
    lack a column. The history then begins anew.
    """
    if using != "owner":
        return
    with one_at_a_time(using) as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [ROWS])
        if cursor.fetchone() == (False,):
            return
        wrong = _wrong(cursor)
        for (table, operation), body in wrong.items():
            create(cursor, trigger_name(table, operation), table, operation, body)
        if wrong:
            cursor.execute(BEGIN, [EVERYBODY])
        grant_read(cursor, using, (ROWS, TRANSACTIONS))
        past_tables.put_in_place(cursor)


def missing(using: str = "owner") -> list[str]:
    """Return the names of the triggers that are missing, disabled or different."""
    with connections[using].cursor() as cursor:
        return [trigger_name(*pair) for pair in _wrong(cursor)]


def triggers() -> Iterator[tuple[str, str]]:
    return ((table, operation) for table in recorded_tables() for operation in OPERATIONS)


def trigger_name(table: str, operation: str) -> str:
    return f"recorded_{table}_{operation}"


def _wrong(cursor: CursorWrapper) -> dict[tuple[str, str], str]:
    """Return the body that each trigger should have that is missing, disabled or different, by
    table and operation."""
    cursor.execute(COLUMNS, [list(recorded_tables())])
    columns = dict(cursor.fetchall())
    bodies = {pair: _body(*pair, columns[pair[0]]) for pair in triggers()}
    return {
        (table, operation): body
        for (table, operation), body in bodies.items()
        if not is_enabled(cursor, trigger_name(table, operation), table, body)
    }


def _body(table: str, operation: str, columns: str) -> str:
    template = SQL("-- Columns: {columns}\n" + sql.read(f"history/record_{operation}"))
    return template.format(
        table=Literal(table), everybody=Literal(EVERYBODY), columns=Literal(columns)
    ).as_string()
