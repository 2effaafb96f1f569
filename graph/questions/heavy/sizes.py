"""The size of a tenant's graph, known before the graph is read."""

from datetime import UTC, datetime, time
from functools import lru_cache
from uuid import UUID

from django.db.models import Q

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.engine.edge_filters import Only
from graph.layers import BY_NAME
from graph.models import TenantRelationship
from graph.questions.heavy.costs import Size
from graph.reading import current_rows


@lru_cache(maxsize=4096)
def at_most(user_id: UUID, version: str) -> Size:
    """Return an upper bound of the size of the graph of that version. It is counted once per
    version."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("reading/graph_size"), {"user_id": user_id})
        return Size(*cursor.fetchone())


def edges_of(user_id: UUID, only: Only, *, flow: bool) -> int:
    """Return the number of edges that pass the filter. Raises ViewMissing, ViewUnpopulated."""
    edges = TenantRelationship.objects.filter(_condition(user_id, only, flow=flow))
    columns = edges.order_by().values("id", "payment_group_id")
    text, parameters = columns.query.sql_with_params()
    number = "count(DISTINCT coalesce(payment_group_id, id))" if only.once else "count(*)"
    with current_rows.snapshot(user_id) as reader:
        query = f"SELECT {number} AS n FROM ({text}) AS edges"  # noqa: S608 - the ORM's own
        return int(reader.rows(query, parameters)[0]["n"])


def _condition(user_id: UUID, only: Only, *, flow: bool) -> Q:
    """Return the filter `only` as a condition for rows of the view, equal to Only.of for a
    graph."""
    condition = Q(user_id=user_id)
    filters = {
        "edge_class": "flow" if flow else None,
        "relationship_type__in": only.types or None,
        "confidence_score__gte": only.min_confidence or None,
        "occurred_at__gte": only.since and datetime.combine(only.since, time.min, UTC),
        "occurred_at__lte": only.until and datetime.combine(only.until, time.max, UTC),
    }
    for name, value in filters.items():
        condition &= Q() if value is None else Q(**{name: value})
    if only.kinds:
        condition &= Q(kind__in=only.kinds) | Q(kind__isnull=True)
    if (least := only.min_amount) is not None:
        condition &= Q(amount__gte=least) | Q(amount__lte=-least)
    if (greatest := only.max_amount) is not None:
        condition &= Q(amount__range=(-greatest, greatest))
    for layer in only.layers:
        condition &= Q(**{f"{BY_NAME[layer].presence}__isnull": False})
    return condition
