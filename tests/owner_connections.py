"""Keeps the owner's further connections of a test for the next test.

A refresh of the view and an enrichment each open a connection of their own. PostgreSQL reads its
catalogue anew for each connection, which takes 15 ms of processor time for the plan of the view.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import TransactionStatus


@contextmanager
def kept() -> Iterator[None]:
    """Let `connections.create_connection("owner")` return an open connection where one is free.
    All are closed at the end."""
    free: list[BaseDatabaseWrapper] = []
    create = connections.create_connection
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "create_connection", partial(_free_or_new, free, create))
        yield
    for database in free:
        del database.close
        database.close()


def _free_or_new(free: list[BaseDatabaseWrapper], create: Any, alias: str) -> BaseDatabaseWrapper:
    while alias == "owner" and free:
        database = free.pop()
        database._thread_ident = threading.get_ident()
        if _is_of(database) and database.is_usable():
            return database
        del database.close
        database.close()
    database = create(alias)
    if alias == "owner":
        database.close = partial(_set_free, database, free)
    return database


def _is_of(database: BaseDatabaseWrapper) -> bool:
    """Return whether the connection belongs to the database that the settings name now."""
    name = connections["owner"].settings_dict["NAME"]
    return database.connection is not None and database.connection.info.dbname == name


def _set_free(database: BaseDatabaseWrapper, free: list[BaseDatabaseWrapper]) -> None:
    """Keep an idle connection with the session's settings as at its start. Close any other."""
    connection = database.connection
    if connection is None:
        return
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        del database.close
        database.close()
        return
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
        cursor.execute("RESET ALL")
        cursor.execute("DISCARD TEMP")
        cursor.execute("SELECT pg_stat_force_next_flush()")  # a refresh counts what it wrote
    database.ensure_timezone()
    free.append(database)
