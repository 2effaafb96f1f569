"""A tenant's version, and the changes that the view does not show yet."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from psycopg.sql import SQL, Composed, Literal

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
        """Whether anything may have changed."""
        return EVERYTHING in self.pending


@dataclass(frozen=True, slots=True)
class Seen:
    """The state that a request has read, and the snapshot of the transaction that read it."""

    state: State
    snapshot: str


STATE: LiteralString = "SELECT * FROM changes_state(%s)"
UNCHANGED: LiteralString = "unchanged_since(%s, %s) AS unchanged"
_rows: ContextVar[dict[UUID, Mapping[str, Any]] | None] = ContextVar("finley_states", default=None)


@contextmanager
def seen_once() -> Iterator[None]:
    """Inside, `seen` returns what `version` has read. A request that only reads may use it."""
    token = _rows.set({})
    try:
        yield
    finally:
        _rows.reset(token)


def seen(user_id: UUID) -> Seen | None:
    """What this request has read, if the view shows it all; else None. Read `unchanged_since` with
    whatever relies on it.

    Raises ViewMissing or ViewUnpopulated.
    """
    row = (_rows.get() or {}).get(user_id)
    if row is None:
        return None
    state = read(row)
    return None if state.unknown or state.pending else Seen(state, row["seen"])


def unchanged(
    user_id: UUID, seen: Seen, further: LiteralString = "", parameters: tuple[Any, ...] = ()
) -> Query:
    """The query that returns whether the tenant's data is what the request has seen, as
    `unchanged`, and `further` columns, which begin with a comma."""
    return Query(f"SELECT {UNCHANGED}{further}", (user_id, seen.snapshot, *parameters))


def version(user_id: UUID) -> str:
    """The tenant's current version. Works without the view, too."""
    return of_row(version_row(user_id))


def read_version(user_id: UUID) -> str:
    """The version that this request has read, or else the current one."""
    row = (_rows.get() or {}).get(user_id)
    return version(user_id) if row is None else of_row(row)


def version_row(
    user_id: UUID, further: LiteralString = "", parameters: tuple[Any, ...] = ()
) -> dict[str, Any]:
    """The row of `query` with `further` columns, which begin with a comma, read by one round trip.
    `seen` knows it then."""
    columns: LiteralString = f"state.*, pg_current_snapshot()::text AS seen{further}"
    text: LiteralString = f"SELECT {columns} FROM ({STATE}) AS state"  # noqa: S608
    row = tenant_row(user_id, Query(text, (*parameters, user_id)))
    if (rows := _rows.get()) is not None:
        rows[user_id] = row
    return row


def query(user_id: UUID) -> Query:
    """The query that returns the state as one row, which `read` parses."""
    return Query(STATE, (user_id,))


def composed(user_id: UUID) -> Composed:
    """The same query, to be a part of another one."""
    return SQL(STATE.replace("%s", "{}")).format(Literal(user_id))


def read(row: Mapping[str, Any]) -> State:
    """The state in the row.

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
    """The version in a row of `query`. It contains a timestamp while change records may come from
    another server."""
    return f"{row['version']}-{row['moment']}" if row["foreign"] else str(row["version"])
