"""Reads a tenant's rows from PostgreSQL as Arrow tables (ADBC), on a bounded connection pool."""

import atexit
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from queue import Empty, LifoQueue
from typing import Any
from uuid import UUID

import adbc_driver_manager
import pyarrow as pa
from django.conf import settings
from django.db import connections
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Composable, Literal

from graph.database import deadlines, past
from graph.database.tenancy import TENANT_SETTING
from graph.errors import FunctionMissing, GraphError, ViewMissing, ViewUnpopulated

LIBPQ = (
    "host",
    "port",
    "user",
    "password",
    "dbname",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
)


@dataclass
class PoolState:
    """A pool's state: its limit (`most`), its open and idle connections, and the waiting callers.

    It also has sums since the pool began: the waits, their seconds, and the waits that timed out
    (`refused`).
    """

    most: int
    size: int = 0
    idle: int = 0
    waiting: int = 0
    waits: int = 0
    wait_seconds: float = 0.0
    refused: int = 0


class Pool:
    """At most `size` connections, opened on demand (about 50 ms each) and reused."""

    def __init__(self, conninfo: str, size: int, timeout_seconds: float) -> None:
        self.conninfo = conninfo
        self.timeout = timeout_seconds
        self._slots = threading.BoundedSemaphore(size)
        self._idle: LifoQueue[Any] = LifoQueue()
        self._state = PoolState(size)
        self._counting = threading.Lock()

    def state(self) -> PoolState:
        with self._counting:
            idle = self._idle.qsize()
            return replace(self._state, idle=idle, size=self._state.size + idle)

    @contextmanager
    def transaction(self, begin: str) -> Iterator[Any]:
        """Yield a connection that has executed `begin`, and roll it back at the end.

        Raises GraphError if no connection is free within the timeout.
        """
        self._take_slot()
        with self._lent(begin) as connection:
            yield connection

    @contextmanager
    def spare(self, begin: str) -> Iterator[Any | None]:
        """Yield a connection as `transaction` does, or None at once if no connection is free.

        A thread that holds a connection must not wait for a second one.
        """
        if not self._slots.acquire(blocking=False):
            yield None
            return
        self._count(size=1)
        with self._lent(begin) as connection:
            yield connection

    @contextmanager
    def _lent(self, begin: str) -> Iterator[Any]:
        try:
            connection = self._in_transaction(begin)
            try:
                yield connection
                connection.rollback()
            except BaseException:
                _discard(connection)
                raise
            self._idle.put(connection)
        finally:
            self._count(size=-1)
            self._slots.release()

    def _take_slot(self) -> None:
        """Wait until one of the pool's slots is free, and take it. Each slot in use has one
        connection.

        Raises GraphError after the timeout.
        """
        if not self._slots.acquire(blocking=False):
            self._wait()
        self._count(size=1)

    def _wait(self) -> None:
        start = time.perf_counter()
        self._count(waiting=1, waits=1)
        acquired = self._slots.acquire(timeout=self.timeout)
        self._count(waiting=-1, wait_seconds=time.perf_counter() - start, refused=int(not acquired))
        if not acquired:
            raise GraphError(f"No database connection was free within {self.timeout} s.")

    def _count(self, **changes: float) -> None:
        with self._counting:
            for name, change in changes.items():
                setattr(self._state, name, getattr(self._state, name) + change)

    def close(self) -> None:
        """Close all idle connections."""
        while (connection := self._idle_connection()) is not None:
            connection.close()

    def _in_transaction(self, begin: str) -> Any:
        """Return a connection that has executed `begin`: an idle one if there is any, else a new
        one.

        An idle connection may be dead because the server has restarted; it is then closed, and the
        next one is tried.
        """
        while (connection := self._idle_connection()) is not None:
            try:
                _execute(connection, begin)
            except adbc_driver_manager.Error:
                _discard(connection)
            else:
                return connection
        import adbc_driver_postgresql.dbapi as adbc  # noqa: PLC0415  loads Arrow's datasets

        connection = adbc.connect(self.conninfo)
        _execute(connection, begin)
        return connection

    def _idle_connection(self) -> Any | None:
        try:
            return self._idle.get_nowait()
        except Empty:
            return None


def _execute(connection: Any, script: str) -> None:
    with connection.cursor() as cursor:
        cursor.executescript(script)


def _discard(connection: Any) -> None:
    with suppress(adbc_driver_manager.Error):
        connection.close()


_pools: dict[str, Pool] = {}
_making = threading.Lock()


def pool() -> Pool:
    """Return the pool of the application's database; a new one if the database's name has changed
    (in tests)."""
    parameters = connections["default"].get_connection_params()
    options: dict[str, Any] = {
        name: str(parameters[name]) for name in LIBPQ if parameters.get(name)
    }
    conninfo = make_conninfo("", **options)
    with _making:
        if conninfo not in _pools:
            limits = settings.ARROW_POOL
            _pools[conninfo] = Pool(conninfo, limits["size"], limits["timeout"])
        return _pools[conninfo]


def state() -> PoolState:
    """Return the state of this process's pool, also before its first use."""
    with _making:
        states = [existing.state() for existing in _pools.values()]
    return states[-1] if states else PoolState(settings.ARROW_POOL["size"])


@atexit.register
def close_all() -> None:
    """Close every idle connection of every pool."""
    with _making:
        for existing in _pools.values():
            existing.close()
        _pools.clear()


READ_ONLY = SQL("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; ")
HASHED = "SET LOCAL enable_nestloop = off; SET LOCAL jit = off"


class TenantReader:
    """Runs queries in one tenant's snapshot; `queries` counts them."""

    def __init__(self, cursor: Any, tenant: Composable) -> None:
        self._cursor, self._tenant = cursor, tenant
        self.queries = 0

    def table(self, query: Composable) -> pa.Table:
        """Return the query's rows. Raises ViewMissing, ViewUnpopulated or
        FunctionMissing."""
        self.queries += 1
        try:
            self._cursor.execute(query.as_string())
            return self._cursor.fetch_arrow_table()
        except adbc_driver_manager.Error as error:
            raise _explained(error) from error

    def tables(self, large: Composable, others: Sequence[Composable]) -> list[pa.Table]:
        """Return the rows of the large query, then those of the others.

        The others run in parallel on a second connection with the same snapshot, if one is free.
        """
        if not others:
            return [self.table(large)]
        with self._parallel_reader() as beside, ThreadPoolExecutor(1) as thread:
            if beside is None:
                return [self.table(query) for query in (large, *others)]
            pending = thread.submit(lambda: [beside.table(query) for query in others])
            tables = [self.table(large), *pending.result()]
            self.queries += beside.queries
            return tables

    @contextmanager
    def _parallel_reader(self) -> Iterator["TenantReader | None"]:
        """Yield a reader on a second connection that sees the same snapshot, or None at once if no
        connection is free."""
        self._cursor.execute("SELECT pg_export_snapshot() AS name")
        snapshot = self._cursor.fetch_arrow_table()["name"][0].as_py()
        same = SQL("SET TRANSACTION SNAPSHOT {}; ").format(Literal(snapshot))
        begin = READ_ONLY + same + self._tenant
        with ExitStack() as ends:
            connection = ends.enter_context(pool().spare(begin.as_string()))
            cursor = connection and ends.enter_context(connection.cursor())
            yield cursor and TenantReader(cursor, self._tenant)


@contextmanager
def tenant_snapshot(user_id: UUID, *, hashed: bool = False) -> Iterator[TenantReader]:
    """Yield a reader for one tenant, in a read-only REPEATABLE READ transaction.

    For Django's connection see graph.database.tenancy.snapshot_transaction.

    Set `hashed` for questions that read a whole tenant. It turns off nested loops, which PostgreSQL
    plans for tables without statistics, and which can take hours. Raises QuestionError in a context
    that reads the past.
    """
    past.require_present()
    tenant = SQL("SET LOCAL {} = {}; {}{}").format(
        SQL(TENANT_SETTING), Literal(str(user_id)), _limit(), SQL(HASHED if hashed else "")
    )
    begin = (READ_ONLY + tenant).as_string()
    with pool().transaction(begin) as connection, connection.cursor() as cursor:
        yield TenantReader(cursor, tenant)


def _limit() -> Composable:
    """Return SQL that sets the statement timeout to the time that the thread's deadline leaves
    (graph.database.deadlines), or empty SQL if no deadline is set."""
    limit = deadlines.statement()
    return SQL("SET LOCAL statement_timeout = {}; ").format(Literal(limit)) if limit else SQL("")


def _explained(error: adbc_driver_manager.Error) -> Exception:
    if error.sqlstate == "42P01":
        return ViewMissing()
    if error.sqlstate == "42883":
        return FunctionMissing()
    if error.sqlstate == "55000":
        return ViewUnpopulated()
    return error
