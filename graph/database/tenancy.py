"""Transactions that read a tenant's rows through Django; for Arrow tables see
graph.database.arrow."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.utils import ProgrammingError
from psycopg.errors import UndefinedFunction

from graph.database import deadlines, past
from graph.errors import FunctionMissing

TENANT_SETTING = "finley.user_id"
NAMED: LiteralString = "SELECT set_config(%s, %s, true)"
LIMITED: LiteralString = (
    ", set_config('statement_timeout', %s, true), "
    "set_config('idle_in_transaction_session_timeout', %s, true)"
)


@dataclass(frozen=True, slots=True)
class Query:
    """A query's text, with %s for each of its parameters.

    psycopg fills the parameters in by compiled code, in a tenth of the time of psycopg.sql.
    """

    text: LiteralString
    parameters: tuple[Any, ...] = ()


SNAPSHOT = Query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


@contextmanager
def functions_expected() -> Iterator[None]:
    """Turn PostgreSQL's error about a function that does not exist into FunctionMissing."""
    try:
        yield
    except ProgrammingError as error:
        if isinstance(error.__cause__, UndefinedFunction):
            raise FunctionMissing from error
        raise


@contextmanager
def tenant_transaction(user_id: UUID, *, using: str = "default") -> Iterator[BaseDatabaseWrapper]:
    """Yield a connection in a transaction that sees the rows of this tenant only.

    The tenant is set for this transaction alone, so it works behind poolers and does not leak into
    other transactions. The same holds for the time limit, if there is one
    (graph.database.deadlines). Raises FunctionMissing.
    """
    connection = connections[using]
    with (
        functions_expected(),
        transaction.atomic(using=using),
        connection.cursor() as cursor,
    ):
        _execute(cursor, _name_tenant(user_id))
        yield connection


@contextmanager
def snapshot_transaction(
    user_id: UUID, query: Query
) -> Iterator[tuple[BaseDatabaseWrapper, dict[str, Any]]]:
    """Yield the connection and the row of `query`, in a tenant's transaction with one snapshot.

    All queries see the same snapshot (REPEATABLE READ). `query` is the first one and needs no round
    trip of its own. Raises an error if the transaction is inside another one.
    """
    connection = connections["default"]
    with (
        functions_expected(),
        transaction.atomic(durable=True),
        connection.cursor() as cursor,
    ):
        _execute(cursor, SNAPSHOT, _name_tenant(user_id), query)
        yield connection, _last_row(cursor)


def tenant_row(user_id: UUID, query: Query) -> dict[str, Any]:
    """Return the one row of the query as a dict by column, read in the tenant's own transaction.

    It takes one round trip instead of four, because PostgreSQL runs statements that arrive together
    as one transaction. Raises FunctionMissing and TookTooLong.
    """
    with functions_expected(), connections["default"].cursor() as cursor:
        _execute(cursor, _name_tenant(user_id), query)
        return _last_row(cursor)


def tenant_rows(user_id: UUID, query: Query) -> list[dict[str, Any]]:
    """Return the rows of the query as dicts by column, read in one round trip like `tenant_row`."""
    with functions_expected(), connections["default"].cursor() as cursor:
        _execute(cursor, _name_tenant(user_id), query)
        return _last_rows(cursor)


def snapshot_rows(user_id: UUID, *queries: Query) -> list[list[dict[str, Any]]]:
    """Return each query's rows, all in one snapshot, in a transaction of its own with one round
    trip."""
    with functions_expected(), connections["default"].cursor() as cursor:
        _execute(cursor, SNAPSHOT, _name_tenant(user_id), *queries)
        cursor.nextset()  # of the isolation level
        results = []
        while cursor.nextset():
            results.append(_rows(cursor))
        return results


def _execute(cursor: CursorWrapper, *queries: Query) -> None:
    """Execute the queries in one round trip."""
    text = "; ".join(query.text for query in queries)
    cursor.execute(text, [value for query in queries for value in query.parameters])


def _last_row(cursor: CursorWrapper) -> dict[str, Any]:
    (row,) = _last_rows(cursor)
    return row


def _last_rows(cursor: CursorWrapper) -> list[dict[str, Any]]:
    while cursor.nextset():
        pass
    return _rows(cursor)


def _rows(cursor: CursorWrapper) -> list[dict[str, Any]]:
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _name_tenant(user_id: UUID) -> Query:
    """Return the statements that name the tenant for the transaction, that set the statement
    timeout to the time that is left, and that enter the moment of the past that is read.

    Raises TookTooLong if no time is left.
    """
    deadlines.check()
    limit = deadlines.statement()
    if not limit:
        query = Query(NAMED, (TENANT_SETTING, str(user_id)))
    else:
        query = Query(NAMED + LIMITED, (TENANT_SETTING, str(user_id), limit, deadlines.idle()))
    moment = past.current()
    if moment is None or moment.recorded is None:
        return query
    return Query(f"{query.text}; {past.ENTER}", (*query.parameters, moment.recorded.isoformat()))
