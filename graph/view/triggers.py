"""Captures changes: statement triggers write change records for every kind of write.

The triggers are created after every migrate and every rebuild of the view, not by migrations.
`graph.layers` determines what they capture, and with django-pgtrigger and pgviews both installed
`makemigrations` omits triggers silently.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.dispatch import receiver
from django_pgviews.signals import all_views_synced
from psycopg.sql import SQL, Composed, Identifier, Literal

from graph import sql
from graph.database.grants import one_at_a_time
from graph.database.role import application_role, current_role
from graph.view.captured_tables import EVERYTHING, CapturedTable, captured_tables

CHANGE_RECORDS = "change_marks"
COMPACTED = "change_folds"
EVERYBODY = UUID(int=0)  # the user_id of change records about a truncated table
TIMINGS = {
    "insert": "AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows",
    "update": "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows",
    "truncate": "AFTER TRUNCATE ON {table}",
}


@receiver(all_views_synced)
def put_in_place(using: str, **_: Any) -> None:
    """Create all declared triggers, and grant the application's role to read change records.

    If a trigger was missing, disabled or different, changes may have been missed. A change record
    then says that anything may have changed. If all triggers are right, nothing is locked.
    """
    if using != "owner":
        return
    with one_at_a_time(using) as cursor:
        if not _migrated(cursor):
            return
        wrong = [pair for pair in triggers() if not _is_enabled(cursor, *pair)]
        for table, operation in wrong:
            name = trigger_name(table, operation)
            create(cursor, name, table.table, operation, _body(operation, table))
        if wrong:
            cursor.execute(_body("truncate", CapturedTable("", "", "", ())))
        grant_read(cursor, using, (CHANGE_RECORDS, COMPACTED))


def missing(using: str = "owner") -> list[str]:
    """Return the names of the triggers that are missing, disabled or different from the
    declaration."""
    with connections[using].cursor() as cursor:
        return [trigger_name(*pair) for pair in triggers() if not _is_enabled(cursor, *pair)]


def triggers() -> Iterator[tuple[CapturedTable, str]]:
    return ((table, operation) for table in captured_tables() for operation in table.operations)


def trigger_name(table: CapturedTable, operation: str) -> str:
    return f"captured_{table.table}_{operation}"


def _migrated(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [COMPACTED])
    return bool(cursor.fetchone()[0])


def _is_enabled(cursor: CursorWrapper, table: CapturedTable, operation: str) -> bool:
    return is_enabled(cursor, trigger_name(table, operation), table.table, _body(operation, table))


def is_enabled(cursor: CursorWrapper, name: str, table: str, body: str) -> bool:
    """Return whether the table has an enabled trigger of this name that executes `body`."""
    parameters = {"name": name, "table": table, "source": _source(body)}
    cursor.execute(sql.read("view/capture_is_enabled"), parameters)
    return bool(cursor.fetchone()[0])


def create(cursor: CursorWrapper, name: str, table: str, operation: str, body: str) -> None:
    """Create or replace the statement trigger `name`, and the function of the same name.

    `body` has statements of PL/pgSQL. They read `old_rows` and `new_rows`, which the operation
    changed, with the rights of the function's owner.
    """
    names = {"function": Identifier(name), "table": Identifier(table)}
    function = SQL(sql.read("view/capture_function"))
    cursor.execute(function.format(body=Literal(_source(body)), **names))
    timing = SQL(TIMINGS[operation]).format(**names)
    cursor.execute(SQL(sql.read("view/capture_trigger")).format(timing=timing, **names))


def _source(body: str) -> str:
    return f"BEGIN\n{body}    RETURN NULL;\nEND"


def _body(operation: str, table: CapturedTable) -> str:
    template = SQL(sql.read(f"view/capture_{operation}"))
    return template.format(
        kind=Literal(table.kind),
        key=Identifier(table.key),
        came=Literal(int(bool(table.live))),
        everybody=Literal(EVERYBODY),
        everything=Literal(EVERYTHING),
        written=SQL(", ").join(map(_written, _names(table))),
        **_of_row(table, "o", "old"),
        **_of_row(table, "n", "new"),
    ).as_string()


def _of_row(table: CapturedTable, row: str, side: str) -> dict[str, Any]:
    """Return the parts of the triggers' template about one side of a change, `old` or `new`: SQL
    for whether the row is part of the graph, and the row's columns."""
    live = f"({row}.id IS NOT NULL AND {table.live.format(row=row)})" if table.live else ""
    columns = SQL(", ").join(Identifier(row, name) for name in _names(table))
    return {
        f"live_{side}": SQL(live or "false"),
        f"shown_{side}": SQL(live or "true"),
        f"columns_{side}": columns,
    }


def _names(table: CapturedTable) -> list[str]:
    return list(dict.fromkeys(("id", table.key, *table.columns)))


def _written(name: str) -> Composed:
    """Return SQL for the column's name if the update changed its value, else for NULL."""
    sides = {"old": Identifier("o", name), "new": Identifier("n", name), "name": Literal(name)}
    return SQL("CASE WHEN {old} IS DISTINCT FROM {new} THEN {name} END").format(**sides)


def grant_read(cursor: CursorWrapper, using: str, tables: Iterable[str]) -> None:
    """Let the application's role read the tables, and do nothing else with them."""
    role = application_role()
    if role == current_role(using):
        return
    for table in tables:
        names = {"table": Identifier(table), "role": Identifier(role)}
        grant = "REVOKE ALL ON {table} FROM {role}; GRANT SELECT ON {table} TO {role}"
        cursor.execute(SQL(grant).format(**names))
