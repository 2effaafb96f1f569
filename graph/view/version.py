"""A tenant's version, and the changes that the view does not show yet."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
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


class StateChanged(Exception):
    """Raised if a request relied on a remembered state which is not the current one any more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The graph's state that the current request has read or remembered, and the columns of MOMENT
    and ZONE of the transaction that read it."""

    state: State
    row: Mapping[str, Any]


@dataclass(slots=True)
class _Request:
    """The rows of states that a request uses, by tenant. Those of tenants in `unconfirmed` are
    remembered, and no transaction of the request has seen yet that they hold."""

    may_assume: bool
    rows: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    unconfirmed: set[UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a transaction has read the data: its snapshot, and when the server of that snapshot was
    started. A snapshot says nothing about another server, or about one that was restored."""

    snapshot: str
    server_start: str


STATE: LiteralString = "SELECT * FROM changes_state(%s)"
UNCHANGED: LiteralString = "unchanged_since(%s, %s, %s, %s, %s) AS unchanged"
MOMENT: LiteralString = (
    "pg_current_snapshot()::text AS seen, pg_postmaster_start_time()::text AS server_start, "
    "(SELECT max(id) FROM view_refreshes) AS refreshed"
)
ZONE: LiteralString = "(SELECT time_zone FROM tenant_preferences WHERE user_id = %s) AS time_zone"
STATE_AND_MOMENT: LiteralString = f"SELECT state.*, {MOMENT}, {ZONE} FROM ({STATE}) AS state"  # noqa: S608
TENANTS = 10_000  # whose states a process remembers
_states: LRUCache[UUID, dict[str, Any]] = LRUCache(TENANTS)
_lock = Lock()
_request: ContextVar[_Request | None] = ContextVar("finley_states", default=None)


@contextmanager
def seen_once(*, may_assume: bool = False) -> Iterator[None]:
    """Remember, inside this context, the states that `version` reads, so that `seen` returns them.

    With `may_assume`, `version` may return a state that the process remembers, without a query. The
    transaction that reads the answer's rows then checks the state; `confirm` does so where there is
    none. Either raises StateChanged if the state is another one now, and the request has to be
    repeated without `may_assume`.

    Only for a request that does not write.
    """
    token = _request.set(_Request(may_assume))
    try:
        yield
    finally:
        _request.reset(token)


def confirm(user_id: UUID) -> None:
    """Check the state that the request only remembers, by a query; do nothing if there is none.

    Raises StateChanged.
    """
    request = _request.get()
    if request is not None and user_id in request.unconfirmed:
        row = request.rows[user_id]
        now = unchanged_row(user_id, Moment(row["seen"], row["server_start"]))
        holds(user_id, _is_same(row, now) and now["time_zone"] == row["time_zone"])


def holds(user_id: UUID, is_unchanged: bool) -> bool:
    """Return `is_unchanged`, which a query of `unchanged` has read, and note it for the request.

    Raises StateChanged if the state is another one and the request only remembered it.
    """
    request = _request.get()
    if request is not None and user_id in request.unconfirmed:
        if not is_unchanged:
            _forget(user_id)
            raise StateChanged
        request.unconfirmed.discard(user_id)
    return is_unchanged


def seen(user_id: UUID) -> Seen | None:
    """Return the state that the current request has read, if the view has all changes; else None.

    None, too, in a context that reads the past: the view's rows alone never are the answer.

    The data may have changed since. A query that relies on this state must also select `unchanged`
    and pass it to `holds`.
    Raises ViewMissing or ViewUnpopulated.
    """
    row = _row(user_id)
    if row is None or past.current() is not None:
        return None
    state = read(row)
    return None if state.unknown or state.pending else Seen(state, row)


def _row(user_id: UUID) -> Mapping[str, Any] | None:
    request = _request.get()
    return None if request is None else request.rows.get(user_id)


def moment(user_id: UUID) -> Moment | None:
    """Return when the current request has read the tenant's version; None if it has not, or if
    change records may come from another server."""
    row = _row(user_id)
    return None if row is None or row["foreign"] else Moment(row["seen"], row["server_start"])


def unchanged(
    user_id: UUID, seen: Seen, further: LiteralString = "", parameters: tuple[Any, ...] = ()
) -> Query:
    """Return a query for `unchanged` (whether the data is as the request saw it) and more columns.

    `further` is SQL for these columns and begins with a comma.
    """
    return Query(f"SELECT {UNCHANGED}{further}", (*checked(user_id, seen), *parameters))


def checked(user_id: UUID, seen: Seen) -> tuple[Any, ...]:
    """Return the parameters of UNCHANGED."""
    row = seen.row
    return user_id, row["seen"], row["server_start"], row["refreshed"], row["time_zone"]


def version(user_id: UUID) -> str:
    """Return the tenant's current version. The view need not exist."""
    return of_row(version_row(user_id))


def read_version(user_id: UUID) -> str:
    """Return the version that the current request has read, or else the current version."""
    row = _row(user_id)
    return version(user_id) if row is None else of_row(row)


def version_row(user_id: UUID) -> Mapping[str, Any]:
    """Return the row of `query` with `time_zone` (the tenant's, or None) and the columns of MOMENT,
    read in one round trip. `seen` can then use it.

    The process remembers the row of a tenant whose view shows all changes. As long as the data and
    the view are as they were then, the row is returned without counting the change records again.
    A request that may assume this gets the remembered row without a query.
    """
    request = _request.get()
    if request is not None and request.may_assume and (row := _remembered_row(user_id)) is not None:
        request.unconfirmed.add(user_id)
        request.rows[user_id] = row
        return row
    row = _remembered(user_id)
    if row is None:
        row = tenant_row(user_id, Query(STATE_AND_MOMENT, (user_id, user_id)))
        if not (row["foreign"] or row["missing"] or row["pending"]) and row["populated"]:
            _remember(user_id, row)
    if request is not None:
        request.rows[user_id] = row
    return row


def _remembered(user_id: UUID) -> dict[str, Any] | None:
    """Return the row that the process remembers, with the current time zone; None if it may not be
    right any more."""
    row = _remembered_row(user_id)
    if row is None:
        return None
    now = unchanged_row(user_id, Moment(row["seen"], row["server_start"]))
    if not _is_same(row, now):
        return None
    if now["time_zone"] != row["time_zone"]:
        row = {**row, "time_zone": now["time_zone"]}
        _remember(user_id, row)
    return row


def _is_same(row: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Return whether the data and the view are as they were when `row` was read, by a row of
    `unchanged_row`."""
    return bool(now["unchanged"]) and now["refreshed"] == row["refreshed"]


def _remembered_row(user_id: UUID) -> dict[str, Any] | None:
    with _lock:
        return _states.get(user_id)


def _remember(user_id: UUID, row: dict[str, Any]) -> None:
    with _lock:
        _states[user_id] = row


def _forget(user_id: UUID) -> None:
    with _lock:
        _states.pop(user_id, None)


def unchanged_row(user_id: UUID, moment: Moment) -> dict[str, Any]:
    """Return whether the tenant's data is as it was at that moment (`unchanged`), the tenant's
    `time_zone` or None, and the id of the view's last refresh (`refreshed`)."""
    text: LiteralString = "SELECT * FROM unchanged_and_zone(%s, %s, %s)"
    row = tenant_row(user_id, Query(text, (user_id, moment.snapshot, moment.server_start)))
    if not row["unchanged"]:
        _forget(user_id)  # so that the next request reads the state
    return row


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
