"""Reads single rows and pages of a tenant's view, corrected by the changes since its refresh.

A query gets a WITH clause that redefines the tenant's view: the view's rows without the ones that
pending change records concern, plus those relationships as the tables have them. If nothing is
pending, the query runs unchanged.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.utils import OperationalError, ProgrammingError
from psycopg.errors import ObjectNotInPrerequisiteState, UndefinedTable

from graph.database import past
from graph.database.tenancy import (
    Query,
    snapshot_rows,
    snapshot_transaction,
    tenant_transaction,
)
from graph.errors import ViewMissing, ViewUnpopulated
from graph.models import TenantRelationship
from graph.models.kept_queries import KeptQuery
from graph.reading.corrected_view import stale, with_changes
from graph.reading.past_relationships import with_past
from graph.view import version
from graph.view.version import State


class Reader:
    """Reads a tenant's rows, all in the same snapshot.

    They are the current ones, or those of a moment of the past (`graph.database.past`).
    """

    def __init__(self, connection: BaseDatabaseWrapper, user_id: UUID, state: State) -> None:
        self.connection = connection
        self.version = state.version
        moment = past.current()
        if moment is None:
            clause = with_changes(user_id, state, _stale(connection, user_id, state))
        else:
            clause = with_past(connection, user_id, state, moment)
        self._before = clause.as_string().replace("%", "%%")

    def relationships(self, queryset: "QuerySet[TenantRelationship]") -> list[TenantRelationship]:
        """Return the queryset's rows."""
        if not self._before:
            return list(queryset)
        try:
            text, parameters = queryset.query.sql_with_params()
        except EmptyResultSet:  # no row can match, as with an empty list of ids
            return []
        rows = TenantRelationship.objects.using(self.connection.alias)
        return list(rows.raw(self._before + text, parameters))

    @property
    def corrects(self) -> bool:
        """Return whether queries read corrected rows: changes are pending, or the past is read."""
        return bool(self._before)

    def kept_rows(self, query: KeptQuery, parameters: Any) -> list[dict[str, Any]]:
        """Return the query's rows as dicts.

        The database's function runs the query, with a stored plan, unless rows must be corrected.
        """
        return self.rows(query.text if self.corrects else query.call, parameters)

    def rows(self, query: str, parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of a SELECT as dicts. The SELECT may itself begin with WITH."""
        if self.corrects:
            query = f"{self._before}SELECT * FROM (\n{query}\n) AS answer"  # noqa: S608
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def rows_at_once(
    user_id: UUID, queries: Sequence[KeptQuery], parameters: Mapping[str, Any]
) -> list[list[dict[str, Any]]] | None:
    """Return each query's rows, all in one snapshot, by one round trip.

    Returns None if the request has not read the graph's state, if changes are pending, if the data
    has changed since, or if the past is read. The caller then asks a `Reader`. Raises ViewMissing,
    ViewUnpopulated.
    """
    if (seen := version.seen(user_id)) is None:
        return None
    calls = [
        Query(query.positional_call, tuple(parameters[name] for name in query.parameters))
        for query in queries
    ]
    with readable_view():
        state, *results = snapshot_rows(user_id, version.unchanged(user_id, seen), *calls)
    return results if version.holds(user_id, state[0]["unchanged"]) else None


@contextmanager
def snapshot(user_id: UUID) -> Iterator[Reader]:
    """Yield a reader of the tenant's rows in a transaction with one snapshot.

    If the request has read the graph's state already, the transaction only checks that the state
    has not changed. Raises ViewMissing, ViewUnpopulated.
    """
    seen = version.seen(user_id)
    query = version.query(user_id) if seen is None else version.unchanged(user_id, seen)
    with readable_view(), snapshot_transaction(user_id, query) as (connection, row):
        if seen is None:
            state = version.read(row)
        elif version.holds(user_id, row["unchanged"]):
            state = seen.state
        else:
            state = _state(connection, user_id)
        yield Reader(connection, user_id, state)


@contextmanager
def current(user_id: UUID) -> Iterator[Reader]:
    """Yield a reader for a transaction that also writes. Each of its queries sees what was
    committed before the query.

    It is otherwise like the reader of `snapshot`. Raises ViewMissing, ViewUnpopulated.
    """
    with (
        readable_view(),
        tenant_transaction(user_id) as connection,
    ):
        yield Reader(connection, user_id, _state(connection, user_id))


def _state(connection: BaseDatabaseWrapper, user_id: UUID) -> State:
    with connection.cursor() as cursor:
        cursor.execute(version.STATE, [user_id])
        names = [column.name for column in cursor.description]
        return version.read(dict(zip(names, cursor.fetchone(), strict=True)))


@contextmanager
def readable_view() -> Iterator[None]:
    """Replace the ORM's errors about the view by ViewMissing or ViewUnpopulated."""
    try:
        yield
    except (OperationalError, ProgrammingError) as error:
        if isinstance(error.__cause__, UndefinedTable):
            raise ViewMissing from error
        if isinstance(error.__cause__, ObjectNotInPrerequisiteState):
            raise ViewUnpopulated from error
        raise


def _stale(connection: BaseDatabaseWrapper, user_id: UUID, state: State) -> list[str]:
    query = stale(user_id, state)
    if query is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [str(row_id) for (row_id,) in cursor.fetchall()]
