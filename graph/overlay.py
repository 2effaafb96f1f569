"""Fresh reads of single rows and pages: the view's name stands for its rows as they are now.

A query is put behind a WITH that gives the tenant's view, less the rows that pending marks concern,
and those rows read from the tables. Where nothing is pending the query runs as it is.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import changes, fresh, sql
from graph.changes import State
from graph.definition import TENANT, TENANT_VIEW, view_sql
from graph.layers import LAYERS
from graph.models import TenantRelationship

COLUMNS = tuple(str(field.column) for field in TenantRelationship._meta.concrete_fields)
KINDS = ("relationship", "match", "event", *(layer.name for layer in LAYERS))


def reader(
    connection: BaseDatabaseWrapper, user_id: UUID
) -> "Callable[[QuerySet[TenantRelationship]], list[TenantRelationship]]":
    """Reads querysets' rows as they are in the connection's snapshot, whose state is asked once.

    Raises ViewMissing, ViewUnpopulated.
    """
    before = _before(connection, user_id)

    def read(found: "QuerySet[TenantRelationship]") -> list[TenantRelationship]:
        if not before:
            return list(found)
        text, parameters = found.query.sql_with_params()
        raw = TenantRelationship.objects.using(connection.alias).raw(before + text, parameters)
        return list(raw)

    return read


def around(connection: BaseDatabaseWrapper, user_id: UUID, query: str) -> str:
    """The SELECT, whatever it begins with, so that it reads the rows as they are now."""
    before = _before(connection, user_id)
    return f"{before}SELECT * FROM (\n{query}\n) AS answer" if before else query  # noqa: S608


def _before(connection: BaseDatabaseWrapper, user_id: UUID) -> str:
    state = changes.state(connection, user_id)
    ids = _stale(connection, user_id, state)
    return with_changes(user_id, state, ids).as_string().replace("%", "%%")


def stale(user_id: UUID, state: State) -> Composable | None:
    """The query for the ids of the view's rows that are not as the tables have them.

    None where there are none, or where it is unknown which.
    """
    kinds = [kind for kind in KINDS if kind in state.pending]
    if state.unknown or not kinds:
        return None
    return fresh.marked(user_id, kinds, fresh.pending(state.snapshot))


def with_changes(user_id: UUID, state: State, ids: Sequence[str]) -> Composable:
    """What is put before a query of the tenant's view; nothing where it is as the tables are."""
    names = SQL(", ").join(Identifier(name) for name in COLUMNS)
    if state.unknown:
        live = SQL(view_sql(TENANT)).format(user_id=Literal(user_id))
        return SQL("WITH {} AS NOT MATERIALIZED (SELECT {} FROM ({}) AS live) ").format(
            Identifier(TENANT_VIEW), names, live
        )
    if not ids:
        return SQL("")
    return SQL(sql.read("fresh_view")).format(
        view=Identifier(TENANT_VIEW),
        columns=names,
        user_id=Literal(user_id),
        ids=fresh.as_array(ids),
        now=fresh.rows(fresh.Wanted(user_id, COLUMNS), COLUMNS, ids),
    )


def _stale(connection: BaseDatabaseWrapper, user_id: UUID, state: State) -> list[str]:
    query = stale(user_id, state)
    if query is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [str(row_id) for (row_id,) in cursor.fetchall()]
