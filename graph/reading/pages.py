"""Pages of a tenant's relationships, newest first, at a cost that does not grow with the tenant.

The view's barrier hides the index's order from an outer LIMIT, so a page asks for a part of the
list at a time: the first rows, then as many as should fill it by what was found in them, but at
most sixteen times as many, until it is full or the list at its end.
"""

from datetime import datetime
from math import ceil
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from graph.models import TenantRelationship
from graph.reading import cursors
from graph.reading.cursors import Position
from graph.reading.rows import Reader

FIRST, WIDER = 200, 16
FIRST_OF_FEW = 1_000  # where few of the rows are one party's, or one document's
ROOM = 1.5  # more rows than it should take: they are not spread evenly
NEWEST = "infinity", UUID(int=2**128 - 1)
Rows = QuerySet[TenantRelationship]


def page(
    reader: Reader, rows: Rows, most: int, after: Position | None, *, few: bool = False
) -> tuple[list[TenantRelationship], Position | None]:
    """As keyset.page by `occurred_at`; `few`: of the tenant's rows these are probably few."""
    looked_at = FIRST_OF_FEW if few else FIRST
    while True:
        since = _dated(reader.connection, after, looked_at)
        some = rows if since is None else rows.filter(occurred_at__gte=since)
        found, following = cursors.page(some, "occurred_at", most, after, reader.relationships)
        if since is None or following is not None:
            return found, following
        looked_at *= min(WIDER, max(2, ceil(ROOM * (most + 1) / max(len(found), 1))))


def _dated(connection: BaseDatabaseWrapper, after: Position | None, n: int) -> datetime | None:
    with connection.cursor() as cursor:
        asked = [*(after or NEWEST), n]
        cursor.execute("SELECT relationships_nth(%s, %s, %s, false)", asked)
        found: datetime | None = cursor.fetchone()[0]
    return found
