"""Pages of a tenant's relationships, newest first, at a cost independent of the tenant's size.

The view's security barrier hides the index order from an outer LIMIT. A page therefore reads a
prefix of the list, 200 rows at first. If the page is not full, it reads a longer prefix until it
is, or until the list ends. The share of matches so far determines the length, which grows at most
16 times per step.
"""

from datetime import datetime
from math import ceil
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from graph.models import TenantRelationship
from graph.reading import cursors
from graph.reading.current_rows import Reader
from graph.reading.cursors import Position

FIRST, WIDER = 200, 16
FIRST_OF_FEW = 1_000  # if few of the tenant's rows match: one party's, or one document's
ROOM = 1.5  # factor above the estimate, because matches are not spread evenly
NEWEST = "infinity", UUID(int=2**128 - 1)
Rows = QuerySet[TenantRelationship]


def page(
    reader: Reader, rows: Rows, most: int, after: Position | None, *, few: bool = False
) -> tuple[list[TenantRelationship], Position | None]:
    """Return at most `most` rows, newest first, and the position of the next page or None.

    `few` says that probably few of the tenant's rows match, so that the first prefix is longer.
    """
    looked_at = FIRST_OF_FEW if few else FIRST
    while True:
        since = _dated(reader.connection, after, looked_at)
        some = rows if since is None else rows.filter(occurred_at__gte=since)
        results, following = cursors.page(some, "occurred_at", most, after, reader.relationships)
        if since is None or following is not None:
            return results, following
        looked_at *= wider(most, len(results))


def wider(most: int, size: int) -> int:
    """Return by which factor the next prefix is longer than this one, if `size` of this one's
    rows match and `most` are wanted."""
    return min(WIDER, max(2, ceil(ROOM * (most + 1) / max(size, 1))))


def _dated(connection: BaseDatabaseWrapper, after: Position | None, n: int) -> datetime | None:
    with connection.cursor() as cursor:
        arguments = [*(after or NEWEST), n]
        cursor.execute("SELECT relationships_nth(%s, %s, %s, false)", arguments)
        occurred_at: datetime | None = cursor.fetchone()[0]
    return occurred_at
