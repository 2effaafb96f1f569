"""SQL that redefines the tenant's view for one query: the rows as they are now.

The view's rows are taken without those that have changed, and these are read from the tables.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.layers import LAYERS
from graph.models import TenantRelationship
from graph.models.view_sql import TENANT, TENANT_VIEW, view_sql
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
        return redefined(live(user_id))
    if not ids:
        return SQL("")
    now = current_graph.rows(current_graph.EdgeQuery(user_id, COLUMNS), COLUMNS, ids)
    return redefined(replaced(user_id, ids, now))


def everything(user_id: UUID) -> Composable:
    query = SQL("SELECT {} FROM {} WHERE user_id = {}")
    return query.format(NAMES, Identifier(TENANT_VIEW), Literal(user_id))


def live(user_id: UUID) -> Composable:
    live = SQL(view_sql(TENANT)).format(user_id=Literal(user_id))
    return SQL("SELECT {} FROM ({}) AS live").format(NAMES, live)


def replaced(user_id: UUID, ids: Sequence[str], now: Composable) -> Composable:
    return SQL(sql.read("reading/fresh_view")).format(
        view=Identifier(TENANT_VIEW),
        columns=NAMES,
        user_id=Literal(user_id),
        ids=current_graph.as_array(ids),
        now=now,
    )


def redefined(
    rows: Composable, until: datetime | None = None, others: Sequence[Composable] = ()
) -> Composable:
    """Return the WITH clause, with the common table expressions `others` before the view's. Rows
    that occurred after `until` are left out."""
    if until is not None:
        limited = SQL("SELECT * FROM (\n{}\n) AS at_any_time WHERE occurred_at <= {}")
        rows = limited.format(rows, Literal(until))
    view = SQL("{} AS NOT MATERIALIZED (\n{}\n)").format(Identifier(TENANT_VIEW), rows)
    return SQL("WITH {} ").format(SQL(", ").join([*others, view]))
