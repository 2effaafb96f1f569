"""SQL that redefines the tenant's view for one query: the rows as they are now, or as they were.

The view's rows are taken without those that have changed, and these are read from the tables.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.database.past import Past
from graph.layers import LAYERS
from graph.models import TenantRelationship
from graph.models.view_sql import MANY_PAST, PAST, TENANT, TENANT_VIEW, view_sql
from graph.reading import current_graph
from graph.view.version import State

COLUMNS = tuple(str(field.column) for field in TenantRelationship._meta.concrete_fields)
KINDS = ("relationship", "match", "event", *(layer.name for layer in LAYERS))
FEW = 1_000  # relationships that are read by their ids; of more, each table is read once
NAMES = SQL(", ").join(Identifier(name) for name in COLUMNS)


def stale(user_id: UUID, state: State) -> Composable | None:
    """Return the query for the ids of the view's rows that differ from the tables.

    Returns None if no row differs, and also if nobody knows which rows do (`state.unknown`).
    """
    kinds = [kind for kind in KINDS if kind in state.pending]
    if state.unknown or not kinds:
        return None
    return current_graph.changed_relationships(
        user_id, kinds, current_graph.pending(state.snapshot)
    )


def with_changes(user_id: UUID, state: State, ids: Sequence[str]) -> Composable:
    """Return a WITH clause that corrects the view's rows `ids`, or every row if anything may have
    changed.

    The clause goes before a query of the tenant's view. It is empty if the view is current.
    """
    if state.unknown:
        return _redefined(_live(user_id))
    if not ids:
        return SQL("")
    now = current_graph.rows(current_graph.EdgeQuery(user_id, COLUMNS), COLUMNS, ids)
    return _redefined(_replaced(user_id, ids, now))


def with_past(
    connection: BaseDatabaseWrapper, user_id: UUID, state: State, moment: Past
) -> Composable:
    """Return a WITH clause that redefines the tenant's view as of the moment.

    The rows that were different then are read once, into tables that the transaction's end drops.
    The transaction reads the tables of the past already (`graph.database.past`).
    """
    if state.unknown:
        return _redefined(_live(user_id), moment.until)
    since = None if moment.recorded is None else touched(user_id, moment.recorded)
    queries = [query for query in (stale(user_id, state), since) if query]
    if not queries:
        return _redefined(_all(user_id), moment.until)
    with connection.cursor() as cursor:
        union = SQL(" UNION ").join(SQL("({})").format(query) for query in queries)
        cursor.execute(SQL(sql.read("reading/past_ids")).format(query=union))
        rows = past_rows(cursor, user_id, few_ids(cursor))
        cursor.execute(SQL(sql.read("reading/past_relationships")).format(columns=NAMES, rows=rows))
    replaced = SQL(sql.read("reading/past_view")).format(
        view=Identifier(TENANT_VIEW), columns=NAMES, user_id=Literal(user_id)
    )
    return _redefined(replaced, moment.until)


def touched(user_id: UUID, moment: datetime) -> Composable:
    """Return the query for the ids of the relationships that have changed since the moment."""
    user = Literal(user_id)
    layers = [
        SQL(sql.read(f"history/touched_by_{'pattern' if layer.is_pattern else 'fact'}")).format(
            user_id=user,
            name=Literal(layer.table),
            table=Identifier(layer.table),
            pointer=Identifier(layer.pointer or "id"),
        )
        for layer in LAYERS
    ]
    return SQL(sql.read("history/touched")).format(
        user_id=user, moment=Literal(moment), layers=SQL("").join(layers)
    )


def few_ids(cursor: CursorWrapper) -> list[str] | None:
    """Return the ids in `past_ids`; None if they are more than FEW."""
    cursor.execute("SELECT id::text FROM past_ids LIMIT %s", [FEW + 1])
    ids = [row_id for (row_id,) in cursor.fetchall()]
    return ids if len(ids) <= FEW else None


def past_rows(cursor: CursorWrapper, user_id: UUID, ids: Sequence[str] | None) -> Composable:
    """Return the query for the relationships `ids` as they were; those of `past_ids` for None.

    The ids and those of their events are constants, because the tables of the past are views
    through which a join does not find a few rows quickly.
    """
    if ids is None:
        return SQL(view_sql(MANY_PAST)).format(user_id=Literal(user_id))
    parts = {"user_id": Literal(user_id), "ids": current_graph.as_array(ids)}
    cursor.execute(SQL(sql.read("reading/ends_of")).format(**parts))
    events = [str(event_id) for (event_id,) in cursor.fetchall()]
    return SQL(view_sql(PAST)).format(events=current_graph.as_array(events), **parts)


def _all(user_id: UUID) -> Composable:
    query = SQL("SELECT {} FROM {} WHERE user_id = {}")
    return query.format(NAMES, Identifier(TENANT_VIEW), Literal(user_id))


def _live(user_id: UUID) -> Composable:
    live = SQL(view_sql(TENANT)).format(user_id=Literal(user_id))
    return SQL("SELECT {} FROM ({}) AS live").format(NAMES, live)


def _replaced(user_id: UUID, ids: Sequence[str], now: Composable) -> Composable:
    return SQL(sql.read("reading/fresh_view")).format(
        view=Identifier(TENANT_VIEW),
        columns=NAMES,
        user_id=Literal(user_id),
        ids=current_graph.as_array(ids),
        now=now,
    )


def _redefined(rows: Composable, until: datetime | None = None) -> Composable:
    """Return the WITH clause. Rows that occurred after `until` are left out."""
    if until is not None:
        limited = SQL("SELECT * FROM (\n{}\n) AS at_any_time WHERE occurred_at <= {}")
        rows = limited.format(rows, Literal(until))
    return SQL("WITH {} AS NOT MATERIALIZED (\n{}\n) ").format(Identifier(TENANT_VIEW), rows)
