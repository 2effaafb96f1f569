"""Links documents to their transactions by set-based queries. A document has one link or none."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.database.bulk import AS_USUAL, IN_BULK, alone, bulk_or_loops

COMMON = 200  # rows; a number or an amount that more rows have identifies none of them
STEPS = (
    "document_links/rows",
    "document_links/candidates",
    "document_links/chosen",
    "document_links/matches",
    "resolution/follow",
)


def link(
    connection: BaseDatabaseWrapper, user_id: UUID, events: Sequence[UUID] | None = None
) -> int:
    """Link the tenant's unlinked documents to their transactions, and return how many were linked.

    With `events`, only these documents are linked. Must be called in the tenant's transaction. A
    document gets one link, the one with the highest confidence, or none if two transactions have
    the same one. Links that people have deleted are not made again. The confidences are:

    0.97  the transaction has the document's number and its amount
    0.95  lines of one party have its number and add up to its amount: the first of them
    0.9   the transaction has its number, and a party that is the sender or is called like it
    0.8   only this transaction has its number (of four characters or more); it names no amount
    0.75  the only transaction of that amount with its sender, 10 days before to 120 days after it,
          unless it has another number
    """
    with connection.cursor() as cursor:
        alone(cursor, user_id)
        values: dict[str, Any] = {"user_id": user_id, "common": COMMON}
        values["events"] = None if events is None else list(events)
        cursor.execute(sql.read("document_links/sources"), values)
        (values["sources"],) = cursor.fetchone()
        return _link(cursor, values) if values["sources"] else 0


def _link(cursor: CursorWrapper, values: dict[str, Any]) -> int:
    cursor.execute(sql.read("document_links/documents"), values)
    pending = _count(cursor, "unlinked_documents")
    if not pending:
        return 0
    # The query reads all rows of the tenant, so hash joins are right even for few documents.
    cursor.execute(IN_BULK)
    cursor.execute(sql.read("document_links/numbered"), values)
    bulk_or_loops(cursor, _count(cursor, "numbered_rows"))
    for step in STEPS:
        cursor.execute(sql.read(step), values)
    cursor.execute(sql.read("document_links/receipts"), values)
    linked: int = cursor.rowcount
    cursor.execute(AS_USUAL)
    return linked


def _count(cursor: CursorWrapper, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours
    return int(cursor.fetchone()[0])
