"""Keeps the owner's further connections of a test for the next test.

A refresh of the view and an enrichment each open a connection of their own. PostgreSQL reads its
catalogue anew for each connection, which takes 15 ms of processor time for the plan of the view.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import TransactionStatus

from graph.enrich import run_enrichment
from graph.view import refresh


class Connections:
    """Django's connections as a module uses them, but for `create_connection("owner")`: it returns
    an open connection where one is free."""

    def __init__(self) -> None:
        self._free: list[BaseDatabaseWrapper] = []

    def __getitem__(self, alias: str) -> BaseDatabaseWrapper:
        return connections[alias]

    def create_connection(self, alias: str) -> BaseDatabaseWrapper:
        assert alias == "owner"
        while self._free:
            database = self._free.pop()
            database._thread_ident = threading.get_ident()
            if _is_of(database) and database.is_usable():
                return database
            _close(database)
        database = connections.create_connection(alias)
        database.close = partial(_set_free, database, self._free)
        return database

    def close_all(self) -> None:
        for database in self._free:
            _close(database)


@contextmanager
def kept() -> Iterator[None]:
    """Let refreshes and enrichments take a free connection. All are closed at the end."""
    own = Connections()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refresh, "connections", own)
        patch.setattr(run_enrichment, "connections", own)
        yield
    own.close_all()


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
        _close(database)
        return
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
        cursor.execute("RESET ALL")
        cursor.execute("DISCARD TEMP")
        cursor.execute("SELECT pg_stat_force_next_flush()")  # a refresh counts what it wrote
    database.ensure_timezone()
    free.append(database)


def _close(database: BaseDatabaseWrapper) -> None:
    """Really close the connection, which another thread may have opened."""
    database._thread_ident = threading.get_ident()
    del database.close
    database.close()
