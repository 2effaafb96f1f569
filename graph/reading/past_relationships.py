"""SQL that redefines the tenant's view for one query: the relationships as they were at a moment.

The relationships of which anything has changed since are read from the tables of the past, the
others from the view. A table in which nothing has changed since is read itself, because its view in
the schema `as_of` makes plans long.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.database.past import Past
from graph.history.recorded_tables import recorded_tables
from graph.layers import LAYERS
from graph.models.view_sql import MANY_PAST, PAST, TENANT_VIEW, view_sql
from graph.reading import current_graph
from graph.reading.corrected_view import NAMES, everything, live, redefined, replaced, stale
from graph.view.version import State

FEW = 1_000  # relationships that are read by their ids; of more, each table is read once
UNCHANGED = SQL("{0} AS NOT MATERIALIZED (SELECT * FROM public.{0})")


def with_past(
    connection: BaseDatabaseWrapper, user_id: UUID, state: State, moment: Past
) -> Composable:
    """Return a WITH clause that redefines the tenant's view as of the moment.

    The rows that were different then are read once. The transaction reads the tables of the past
    already (`graph.database.past`).
    """
    if state.unknown:
        return redefined(live(user_id), moment.until)
    with connection.cursor() as cursor:
        tables = None
        queries = [stale(user_id, state)]
        if moment.recorded is not None:
            tables = unchanged_tables(cursor, user_id, moment.recorded)
            queries.append(touched(user_id, moment.recorded, tables))
        union = SQL(" UNION ").join(SQL("({})").format(query) for query in queries if query)
        ids = few_ids(cursor, SQL("({}) AS changed").format(union)) if any(queries) else []
        if ids is None:
            rows = _many_replaced(cursor, user_id, union, tables or ())
        elif ids:
            rows = replaced(user_id, ids, _as_constant(cursor, user_id, ids, tables or ()))
        else:
            rows = everything(user_id)
    return redefined(rows, moment.until, [_itself(table) for table in tables or ()])


def _itself(table: str) -> Composable:
    return UNCHANGED.format(Identifier(table))


def _as_constant(
    cursor: CursorWrapper, user_id: UUID, ids: Sequence[str], unchanged: Sequence[str]
) -> Composable:
    """Return a query for the relationships `ids` as they were, which holds the rows themselves.

    Creating temporary tables would take longer than reading a few rows.
    """
    query = past_rows(cursor, user_id, ids, unchanged)
    cursor.execute(SQL(sql.read("reading/past_constant")).format(columns=NAMES, rows=query))
    cursor.nextset()
    rows, _ = cursor.fetchone()
    constant = SQL("SELECT {} FROM jsonb_populate_recordset(NULL::{}, {}::jsonb)")
    return constant.format(NAMES, Identifier("public", TENANT_VIEW), Literal(rows))


def _many_replaced(
    cursor: CursorWrapper, user_id: UUID, changed: Composable, unchanged: Sequence[str]
) -> Composable:
    """Return a query for the view's rows, those that have changed as they were.

    These are read once, into tables that the transaction's end drops.
    """
    cursor.execute(SQL(sql.read("reading/past_ids")).format(query=changed))
    rows = past_rows(cursor, user_id, None, unchanged)
    cursor.execute(SQL(sql.read("reading/past_relationships")).format(columns=NAMES, rows=rows))
    return SQL(sql.read("reading/past_view")).format(
        view=Identifier(TENANT_VIEW), columns=NAMES, user_id=Literal(user_id)
    )


def unchanged_tables(cursor: CursorWrapper, user_id: UUID, moment: datetime) -> list[str]:
    """Return the recorded tables in which no row of the tenant has changed since the moment."""
    query = SQL(sql.read("history/changed_tables"))
    cursor.execute(query.format(user_id=Literal(user_id), moment=Literal(moment)))
    changed = {name for (name,) in cursor.fetchall()}
    return [name for name in recorded_tables() if name not in changed]


def touched(user_id: UUID, moment: datetime, unchanged: Sequence[str]) -> Composable:
    """Return the query for the ids of the relationships that have changed since the moment.

    `unchanged` are tables in which nothing has changed since.
    """
    user = Literal(user_id)
    layers = [
        SQL(sql.read(f"history/touched_by_{'pattern' if layer.is_pattern else 'fact'}")).format(
            user_id=user,
            name=Literal(layer.table),
            table=Identifier(layer.table),
            pointer=Identifier(layer.pointer or "id"),
        )
        for layer in LAYERS
        if layer.table not in unchanged
    ]
    return SQL(sql.read("history/touched")).format(
        user_id=user, moment=Literal(moment), layers=SQL("").join(layers)
    )


def few_ids(cursor: CursorWrapper, source: Composable) -> list[str] | None:
    """Return the ids in the table or subquery; None if they are more than FEW."""
    query = SQL("SELECT id::text FROM {} WHERE id IS NOT NULL LIMIT {}")
    cursor.execute(query.format(source, Literal(FEW + 1)))
    ids = [row_id for (row_id,) in cursor.fetchall()]
    return ids if len(ids) <= FEW else None


def past_rows(
    cursor: CursorWrapper, user_id: UUID, ids: Sequence[str] | None, unchanged: Sequence[str]
) -> Composable:
    """Return the query for the relationships `ids` as they were; those of `past_ids` for None.

    The ids and those of their events are constants, because the tables of the past are views
    through which a join does not find a few rows quickly.
    """
    if ids is None:
        rows = SQL(view_sql(MANY_PAST)).format(user_id=Literal(user_id))
        return _of_themselves(rows, unchanged)
    parts = {"user_id": Literal(user_id), "ids": current_graph.as_array(ids)}
    cursor.execute(SQL(sql.read("reading/ends_of")).format(**parts))
    events = [str(event_id) for (event_id,) in cursor.fetchall()]
    rows = SQL(view_sql(PAST)).format(events=current_graph.as_array(events), **parts)
    return _of_themselves(rows, unchanged)


def _of_themselves(rows: Composable, unchanged: Sequence[str]) -> Composable:
    """Return the query, in which the names of these tables mean the tables and not their views in
    the schema `as_of`."""
    if not unchanged:
        return rows
    tables = SQL(", ").join(_itself(table) for table in unchanged)
    return SQL("WITH {} SELECT * FROM (\n{}\n) AS rows_then").format(tables, rows)
