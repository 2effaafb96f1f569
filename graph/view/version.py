"""A tenant's version, and the changes that the view does not show yet."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import Any, LiteralString
from uuid import UUID

from cachetools import LRUCache
from psycopg.sql import SQL, Composed, Literal

from graph.database import past
from graph.database.tenancy import Query, tenant_row
from graph.errors import ViewMissing, ViewUnpopulated
from graph.view.captured_tables import EVERYTHING


@dataclass(frozen=True, slots=True)
class State:
    """The state of a tenant's graph in one snapshot.

    `version` changes exactly when the data shown to the tenant may have changed. A refresh of the
    view and the deletion of old change records do not change it. `pending` counts, by kind, the
    rows named by change records that the view does not show yet. `snapshot` is the view's snapshot,
    or None if it is not known.
    """

    version: str
    pending: Mapping[str, int]
    snapshot: str | None

    @property
    def unknown(self) -> bool:
        """Return whether anything may have changed, so that nobody knows which of the view's
        rows are current."""
        return EVERYTHING in self.pending


@dataclass(frozen=True, slots=True)
class Seen:
    """The graph's state that the current request has read, and the snapshot of the reading
    transaction."""

    state: State
    snapshot: str


@dataclass(frozen=True, slots=True)
class Moment:
    """When a transaction has read the data: its snapshot, and when the server of that snapshot was
    started. A snapshot says nothing about another server, or about one that was restored."""

    snapshot: str
    server_start: str


STATE: LiteralString = "SELECT * FROM changes_state(%s)"
UNCHANGED: LiteralString = "unchanged_since(%s, %s) AS unchanged"
MOMENT: LiteralString = (
    "pg_current_snapshot()::text AS seen, pg_postmaster_start_time()::text AS server_start, "
    "(SELECT max(id) FROM view_refreshes) AS refreshed"
)
ZONE: LiteralString = "(SELECT time_zone FROM tenant_preferences WHERE user_id = %s) AS time_zone"
STATE_AND_MOMENT: LiteralString = f"SELECT state.*, {MOMENT}, {ZONE} FROM ({STATE}) AS state"  # noqa: S608
TENANTS = 10_000  # whose states a process remembers
_states: LRUCache[UUID, dict[str, Any]] = LRUCache(TENANTS)
_lock = Lock()
_rows: ContextVar[dict[UUID, Mapping[str, Any]] | None] = ContextVar("finley_states", default=None)


@contextmanager
def seen_once() -> Iterator[None]:
    """Remember, inside this context, the states that `version` reads, so that `seen` returns them.

    Only for a request that does not write.
    """
    token = _rows.set({})
    try:
        yield
    finally:
        _rows.reset(token)


def seen(user_id: UUID) -> Seen | None:
    """Return the state that the current request has read, if the view has all changes; else None.

    None, too, in a context that reads the past: the view's rows alone never are the answer.

    The data may have changed since. A query that relies on this state must also select `unchanged`.
    Raises ViewMissing or ViewUnpopulated.
    """
    row = (_rows.get() or {}).get(user_id)
    if row is None or past.current() is not None:
        return None
    state = read(row)
    return None if state.unknown or state.pending else Seen(state, row["seen"])


def moment(user_id: UUID) -> Moment | None:
    """Return when the current request has read the tenant's version; None if it has not, or if
    change records may come from another server."""
    row = (_rows.get() or {}).get(user_id)
    return None if row is None or row["foreign"] else Moment(row["seen"], row["server_start"])


def unchanged(
    user_id: UUID, seen: Seen, further: LiteralString = "", parameters: tuple[Any, ...] = ()
) -> Query:
    """Return a query for `unchanged` (whether the data is as the request saw it) and more columns.

    `further` is SQL for these columns and begins with a comma.
    """
    return Query(f"SELECT {UNCHANGED}{further}", (user_id, seen.snapshot, *parameters))


def version(user_id: UUID) -> str:
    """Return the tenant's current version. The view need not exist."""
    return of_row(version_row(user_id))


def read_version(user_id: UUID) -> str:
    """Return the version that the current request has read, or else the current version."""
    row = (_rows.get() or {}).get(user_id)
    return version(user_id) if row is None else of_row(row)


def version_row(user_id: UUID) -> Mapping[str, Any]:
    """Return the row of `query` with `time_zone` (the tenant's, or None) and the columns of MOMENT,
    read in one round trip. `seen` can then use it.

    The process remembers the row of a tenant whose view shows all changes. As long as the data and
    the view are as they were then, the row is returned without counting the change records again.
    """
    row = _remembered(user_id)
    if row is None:
        row = tenant_row(user_id, Query(STATE_AND_MOMENT, (user_id, user_id)))
        if not (row["foreign"] or row["missing"] or row["pending"]) and row["populated"]:
            with _lock:
                _states[user_id] = row
    if (rows := _rows.get()) is not None:
        rows[user_id] = row
    return row


def _remembered(user_id: UUID) -> dict[str, Any] | None:
    """Return the row that the process remembers, with the current time zone; None if it may not be
    right any more."""
    with _lock:
        row = _states.get(user_id)
    if row is None:
        return None
    now = unchanged_row(user_id, Moment(row["seen"], row["server_start"]))
    is_right = now["unchanged"] and now["refreshed"] == row["refreshed"]
    return {**row, "time_zone": now["time_zone"]} if is_right else None


def unchanged_row(user_id: UUID, moment: Moment) -> dict[str, Any]:
    """Return whether the tenant's data is as it was at that moment (`unchanged`), the tenant's
    `time_zone` or None, and the id of the view's last refresh (`refreshed`)."""
    text: LiteralString = "SELECT * FROM unchanged_and_zone(%s, %s, %s)"
    return tenant_row(user_id, Query(text, (user_id, moment.snapshot, moment.server_start)))


def forget() -> None:
    """Forget the states that the process remembers."""
    with _lock:
        _states.clear()


def query(user_id: UUID) -> Query:
    """Return the query for the state of the tenant's graph. It returns one row, which `read`
    parses."""
    return Query(STATE, (user_id,))


def composed(user_id: UUID) -> Composed:
    """Return the SQL of `query` with its parameters filled in, to be part of another statement."""
    return SQL(STATE.replace("%s", "{}")).format(Literal(user_id))


def read(row: Mapping[str, Any]) -> State:
    """Return the state in a row of `query`.

    Raises ViewMissing or ViewUnpopulated, whose messages name the command to run.
    """
    if row["missing"]:
        raise ViewMissing
    if not row["populated"]:
        raise ViewUnpopulated
    pending = json.loads(row["pending"] or "{}")
    if row["foreign"]:  # the change records have transaction ids of another server (a restore)
        return State(of_row(row), {**pending, EVERYTHING: 0}, None)
    return State(of_row(row), pending, row["snapshot"])


def of_row(row: Mapping[str, Any]) -> str:
    """Return the version in a row of `query`, as text.

    It also has a timestamp while change records may come from another server, after a restore.
    """
    return f"{row['version']}-{row['moment']}" if row["foreign"] else str(row["version"])
