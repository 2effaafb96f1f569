"""Drops the tables' keys, indexes and triggers while millions of rows are copied in."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connections
from psycopg import Cursor
from psycopg.sql import SQL, Identifier
from tqdm import tqdm

from benchmarks.many_tenants.seeded_books import Books, send
from graph.view import refresh

FOUND = Path(__file__).with_name("bulk_found.sql")


def fill(books: Books) -> None:
    """Write the books to empty tables and refresh the view."""
    connection = connections["owner"]
    with connection.cursor() as wrapped:
        cursor: Cursor[Any] = wrapped.cursor
        with _bare(cursor):
            for table, columns in tqdm([*books.shared()], "Shared", file=sys.stderr):
                send(cursor, table, columns)
            for table, columns in tqdm(books.related(), "Pieces", file=sys.stderr):
                send(cursor, table, columns)
            cursor.execute("ANALYZE")
    refresh.refresh(concurrently=False)
    with connection.cursor() as wrapped:
        wrapped.execute("ANALYZE view_enriched_relationships")


@contextmanager
def _bare(cursor: Cursor[Any]) -> Iterator[None]:
    tables = [
        model._meta.db_table
        for model in apps.get_app_config("graph").get_models()
        if model._meta.managed
    ]
    cursor.execute(FOUND.read_text(), {"tables": tables})
    constraints = cursor.fetchall()
    cursor.execute("SET maintenance_work_mem = '512MB'")
    _triggers(cursor, tables, "DISABLE")
    for drop, _, _ in constraints:
        cursor.execute(drop)
    yield
    for _, make, _ in tqdm(constraints[::-1], "Keys", file=sys.stderr):
        cursor.execute(make)
    _triggers(cursor, tables, "ENABLE")
    cursor.execute("RESET maintenance_work_mem")


def _triggers(cursor: Cursor[Any], tables: list[str], what: str) -> None:
    for table in tables:
        cursor.execute(SQL("ALTER TABLE {} {} TRIGGER USER").format(Identifier(table), SQL(what)))
