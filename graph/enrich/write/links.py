"""Links into the books: one way to write those that a method finds."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from graph import sql
from graph.database.bulk import AS_USUAL, IN_BULK, alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.write.counts import Counts

COLUMNS = "source_event_id, target_event_id, relationship_type, confidence_score, reason, allocated"


@dataclass(frozen=True, slots=True)
class Link:
    """Two events have to do with each other. `reason`: why, in words and numbers. `allocated`: how
    much of an invoice a payment settles, in the currency's unit."""

    source_event: str
    target_event: str
    type: str
    confidence: float
    reason: str
    allocated: Decimal | None = None


def write(user_id: UUID, detection_method: str, links: Iterable[Link]) -> Counts:
    """The method's links become exactly these. One transaction; running twice changes nothing.

    A link that is no longer found is soft-deleted with a reason that begins with 'withdrawn', and
    comes back under its own id when it is found again. What people have deleted stays deleted,
    what another method has linked stays that method's, and a link whose events are gone is none.
    """
    values: dict[str, Any] = {"user_id": user_id, "method": detection_method}
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        cursor.execute(sql.read("enrich/found_links"))
        _copy(connection, _one_way(links))
        cursor.execute("ANALYZE found_links")
        cursor.execute(IN_BULK)
        cursor.execute(sql.read("enrich/links_withdrawn"), values)
        removed = cursor.rowcount
        cursor.execute(sql.read("enrich/links_written"), values)
        new = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP TABLE found_links")
        cursor.execute(AS_USUAL)
    return Counts(sum(new), len(new) - sum(new), removed)


def _one_way(links: Iterable[Link]) -> Iterator[Link]:
    """Of two links of one type between the same two events, one each way, the surer one."""
    surest: dict[tuple[str, ...], Link] = {}
    for link in links:
        key = (link.type, *sorted((link.source_event, link.target_event)))
        if key not in surest or link.confidence > surest[key].confidence:
            surest[key] = link
    yield from surest.values()


def _copy(connection: BaseDatabaseWrapper, links: Iterable[Link]) -> None:
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY found_links ({COLUMNS}) FROM STDIN") as copy,
    ):
        for link in links:
            copy.write_row(astuple(link))
