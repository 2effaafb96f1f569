"""Capturing changes: statement triggers that leave marks, whoever writes and however.

They are put in place after every migrate and rebuild of the view, not by migrations: what they
watch follows from `graph.layers`, and django-pgtrigger beside pgviews loses triggers silently.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from django.dispatch import receiver
from django_pgviews.signals import all_views_synced
from psycopg.sql import SQL, Composed, Identifier, Literal

from graph import sql
from graph.database.grants import application_role, current_role
from graph.view.captured_tables import EVERYTHING, Watched, watched

MARKS = "change_marks"
FOLDS = "change_folds"
EVERYBODY = UUID(int=0)  # whose marks are of every tenant: a table was emptied
TIMINGS = {
    "insert": "AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows",
    "update": "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows",
    "truncate": "AFTER TRUNCATE ON {table}",
}


@receiver(all_views_synced)
def put_in_place(using: str, **_: Any) -> None:
    """Every trigger, as declared, and the application's right to read marks.

    Where one was missing, disabled or other than declared, changes may have gone unseen: then a
    mark says that anything may have changed. Nothing is locked where all is in place.
    """
    if using != "owner":
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if not _migrated(cursor):
            return
        wanted = list(triggers())
        amiss = [each for each in wanted if not _stands(cursor, *each)]
        for each in amiss:
            _make(cursor, *each)
        if amiss:
            cursor.execute(_body("truncate", Watched("", "", "", ())))
        _let_read(cursor, using)


def missing(using: str = "owner") -> list[str]:
    """The triggers that are not there, disabled or other than declared."""
    with connections[using].cursor() as cursor:
        return [trigger_name(*each) for each in triggers() if not _stands(cursor, *each)]


def triggers() -> Iterator[tuple[Watched, str]]:
    return ((each, operation) for each in watched() for operation in each.operations)


def trigger_name(each: Watched, operation: str) -> str:
    return f"captured_{each.table}_{operation}"


def _migrated(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [FOLDS])
    return bool(cursor.fetchone()[0])


def _stands(cursor: CursorWrapper, each: Watched, operation: str) -> bool:
    cursor.execute(
        sql.read("view/capture_is_enabled"),
        {
            "name": trigger_name(each, operation),
            "table": each.table,
            "source": _source(each, operation),
        },
    )
    return bool(cursor.fetchone()[0])


def _make(cursor: CursorWrapper, each: Watched, operation: str) -> None:
    names = {"function": Identifier(trigger_name(each, operation)), "table": Identifier(each.table)}
    function = SQL(sql.read("view/capture_function"))
    cursor.execute(function.format(body=Literal(_source(each, operation)), **names))
    timing = SQL(TIMINGS[operation]).format(**names)
    cursor.execute(SQL(sql.read("view/capture_trigger")).format(timing=timing, **names))


def _source(each: Watched, operation: str) -> str:
    return f"BEGIN\n{_body(operation, each)}    RETURN NULL;\nEND"


def _body(operation: str, each: Watched) -> str:
    template = SQL(sql.read(f"view/capture_{operation}"))
    return template.format(
        kind=Literal(each.kind),
        key=Identifier(each.key),
        came=Literal(int(bool(each.live))),
        everybody=Literal(EVERYBODY),
        everything=Literal(EVERYTHING),
        written=SQL(", ").join(map(_written, _names(each))),
        **_of_row(each, "o", "old"),
        **_of_row(each, "n", "new"),
    ).as_string()


def _of_row(each: Watched, row: str, side: str) -> dict[str, Any]:
    """Whether a side's row is in the graph (for tables where that changes), and its columns."""
    live = f"({row}.id IS NOT NULL AND {each.live.format(row=row)})" if each.live else ""
    columns = SQL(", ").join(Identifier(row, name) for name in _names(each))
    return {
        f"live_{side}": SQL(live or "false"),
        f"shown_{side}": SQL(live or "true"),
        f"columns_{side}": columns,
    }


def _names(each: Watched) -> list[str]:
    return list(dict.fromkeys(("id", each.key, *each.columns)))


def _written(name: str) -> Composed:
    """The column's name where an update wrote it, else NULL."""
    sides = {"old": Identifier("o", name), "new": Identifier("n", name), "name": Literal(name)}
    return SQL("CASE WHEN {old} IS DISTINCT FROM {new} THEN {name} END").format(**sides)


def _let_read(cursor: CursorWrapper, using: str) -> None:
    role = application_role()
    if role == current_role(using):
        return
    for table in (MARKS, FOLDS):
        names = {"table": Identifier(table), "role": Identifier(role)}
        grant = "REVOKE ALL ON {table} FROM {role}; GRANT SELECT ON {table} TO {role}"
        cursor.execute(SQL(grant).format(**names))
