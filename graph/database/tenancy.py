"""Transactions that read a tenant's rows through Django; for Arrow tables see
graph.database.arrow."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composable, Composed

from graph.database import deadlines

TENANT_SETTING = "finley.user_id"
SNAPSHOT = SQL("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


@contextmanager
def tenant_transaction(user_id: UUID, *, using: str = "default") -> Iterator[BaseDatabaseWrapper]:
    """A transaction that sets the tenant for the database's policies. Yields the connection.

    The setting is local to the transaction, so it works behind poolers and does not leak into other
    transactions. The same holds for the time limit, if there is one (graph.database.deadlines).
    """
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute(_named(user_id).as_string())
        yield connection


@contextmanager
def snapshot_transaction(
    user_id: UUID, query: Composable
) -> Iterator[tuple[BaseDatabaseWrapper, dict[str, Any]]]:
    """As `tenant_transaction`, but every query inside sees one snapshot (REPEATABLE READ).

    It also yields the row of `query`, the first query, which needs no round trip of its own. Raises
    if it is not the outermost transaction.
    """
    connection = connections["default"]
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_together(SNAPSHOT, _named(user_id), query))
        yield connection, _last_row(cursor)


def tenant_row(user_id: UUID, query: Composable) -> dict[str, Any]:
    """Return the query's one row, in a transaction of its own with one round trip instead of four.

    PostgreSQL runs statements that arrive together as one transaction.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(_together(_named(user_id), query))
        return _last_row(cursor)


def _together(*statements: Composable) -> str:
    return SQL("; ").join(statements).as_string()


def _last_row(cursor: CursorWrapper) -> dict[str, Any]:
    while cursor.nextset():
        pass
    names = [column.name for column in cursor.description]
    return dict(zip(names, cursor.fetchone(), strict=True))


def _named(user_id: UUID) -> Composed:
    name = SQL("SELECT set_config({}, {}, true)").format(TENANT_SETTING, str(user_id))
    limit = deadlines.statement()
    if not limit:
        return name
    return name + SQL(
        ", set_config('statement_timeout', {}, true), "
        "set_config('idle_in_transaction_session_timeout', {}, true)"
    ).format(limit, deadlines.idle())
