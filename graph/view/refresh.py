"""Refreshes the materialized view, and tells what state it is in."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.utils import DatabaseError, OperationalError
from django.utils import timezone
from psycopg.errors import LockNotAvailable, SerializationFailure

from graph import sql
from graph.database.statistics import analyze_stale
from graph.errors import RefreshRunning, ViewMissing, ViewUnpopulated
from graph.models import EnrichedRelationship, ViewRefresh
from graph.models.view import index_statements
from graph.models.view_sql import VIEW

LOCK = 0x66696E6C6579  # "finley": the advisory lock that one refresher holds at a time
RETRIES = 3  # after a serialization failure or a lock timeout
LOCK_TIMEOUT = "2s"  # limits how long a waiting refresh blocks the statements queued behind it
HINT_STALE = "Run: manage.py refresh_enriched_view"


class State(Enum):
    MISSING = "missing"
    UNPOPULATED = "unpopulated"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Refresh:
    """The result of a refresh. `seconds` is the refresh alone, without the wait for the lock."""

    rows: int
    added: int
    changed: int
    removed: int
    seconds: float
    size_bytes: int
    concurrently: bool


def state() -> State:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT ispopulated FROM pg_matviews WHERE matviewname = %s", [VIEW])
        row = cursor.fetchone()
    if row is None:
        return State.MISSING
    return State.READY if row[0] else State.UNPOPULATED


def was_refreshed() -> bool:
    return ViewRefresh.objects.using("owner").exists()


def refresh(*, concurrently: bool = True, wait: bool = True) -> Refresh:
    """Recompute the view from the tables, as the owner. Only one refresh runs at a time.

    During a concurrent refresh, readers see the old rows until it commits. A refresh that is not
    concurrent locks the view for everybody. Raises ViewMissing if there is no view, ViewUnpopulated
    if the view was never populated and `concurrently` is true, and RefreshRunning if `wait` is
    false and another refresh runs.
    """
    _require(concurrently)
    with only_refresher(wait) as connection:
        analyze_stale(connection)
        for last in (*[False] * RETRIES, True):
            try:
                with refreshing(connection, concurrently) as result:
                    return result
            except OperationalError as error:
                if last or not isinstance(
                    error.__cause__, (SerializationFailure, LockNotAvailable)
                ):
                    raise
    raise AssertionError("unreachable")


def definition() -> str:
    """Return the SQL script that creates the view and its indexes, for `psql -f`."""
    query, _ = EnrichedRelationship.get_sql()
    indexes = [f"{statement};" for statement in index_statements(connections["owner"])]
    unique = f"CREATE UNIQUE INDEX {VIEW}_id_index ON {VIEW} (id);"
    return "\n\n".join([f"CREATE MATERIALIZED VIEW {VIEW} AS\n{query.strip()};", unique, *indexes])


def _require(concurrently: bool) -> None:
    now = state()
    if now is State.MISSING:
        raise ViewMissing
    if now is State.UNPOPULATED and concurrently:
        raise ViewUnpopulated(
            f"The view {VIEW} was never populated, so it cannot be refreshed concurrently."
        )


@contextmanager
def only_refresher(wait: bool) -> Iterator[BaseDatabaseWrapper]:
    """Yield a new connection that holds the lock of refreshes. The lock is released at the end.

    Without `wait`, raises RefreshRunning if another refresh has the lock.
    """
    connection = connections.create_connection("owner")
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_{'' if wait else 'try_'}advisory_lock(%s)", [LOCK])
            if not wait and not cursor.fetchone()[0]:
                raise RefreshRunning("Another refresh is running. Nothing was done.")
        yield connection
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # a pooled session stays open
            cursor.execute("SELECT pg_advisory_unlock_all()")
        connection.close()


@contextmanager
def refreshing(connection: BaseDatabaseWrapper, concurrently: bool) -> Iterator[Refresh]:
    """Refresh the view and yield the result. The refresh is committed when the context ends."""
    started_at, start = timezone.now(), time.perf_counter()
    with _transaction(connection) as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute("SET LOCAL enable_nestloop = off")  # set-based: every table is read once
        cursor.execute("SELECT pg_current_snapshot()::text")
        snapshot = cursor.fetchone()[0]
        counts = _concurrent(cursor) if concurrently else _exclusive(cursor)
        cursor.execute(sql.read("view/view_size"))
        rows, size = cursor.fetchone()
        result = Refresh(rows, *counts, time.perf_counter() - start, size, concurrently)
        _record(cursor, result, started_at, snapshot)
        yield result


@contextmanager
def _transaction(connection: BaseDatabaseWrapper) -> Iterator[CursorWrapper]:
    """Yield a cursor in a REPEATABLE READ transaction.

    So the stored snapshot is the one that the view was computed on.
    """
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try:
            yield cursor
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


def _concurrent(cursor: CursorWrapper) -> tuple[int, int, int]:
    """Refresh concurrently; return the numbers of (added, changed, removed) rows.

    PostgreSQL writes a changed row as one deletion and one insertion.
    """
    with _connection_before() as before:
        cursor.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {VIEW}")
        cursor.execute(sql.read("view/view_written"))
        inserted, deleted = cursor.fetchone()
        changed = 0
        if inserted and deleted:
            cursor.execute(sql.read("view/view_inserted"))
            before.execute(
                f"SELECT count(*) FROM {VIEW} WHERE id = ANY(%s)",  # noqa: S608
                [[row[0] for row in cursor.fetchall()]],
            )
            changed = before.fetchone()[0]
    return inserted - changed, changed, deleted - changed


@contextmanager
def _connection_before() -> Iterator[CursorWrapper]:
    """Yield a cursor on a second connection whose snapshot still has the view's old rows."""
    connection = connections.create_connection("owner")
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute(f"SELECT 1 FROM {VIEW} LIMIT 1")  # noqa: S608
            yield cursor
            cursor.execute("ROLLBACK")
    finally:
        connection.close()


def _exclusive(cursor: CursorWrapper) -> tuple[int, int, int]:
    """Replace the whole view; return the numbers of (added, changed, removed) rows."""
    populated = state() is State.READY
    cursor.execute(sql.read("view/view_before_filled" if populated else "view/view_before_empty"))
    cursor.execute(f"REFRESH MATERIALIZED VIEW {VIEW}")
    cursor.execute(sql.read("view/view_compared"))
    added, changed, removed = cursor.fetchone()
    return added, changed, removed


def _record(cursor: CursorWrapper, result: Refresh, started_at: datetime, snapshot: str) -> None:
    """Record the refresh, and count each tenant's change records up to its snapshot."""
    cursor.execute(sql.read("view/marks_of_another_server"))
    cursor.execute(sql.read("view/marks_folded"), {"snapshot": snapshot})
    cursor.execute(
        sql.read("view/record_refresh"),
        {
            "started_at": started_at,
            "seconds": result.seconds,
            "rows": result.rows,
            "added": result.added,
            "changed": result.changed,
            "removed": result.removed,
            "size_bytes": result.size_bytes,
            "concurrently": result.concurrently,
            "snapshot": snapshot,
        },
    )
