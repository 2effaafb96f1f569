"""Layer 8, change: the payments that were created, modified or deleted after a first import.

Imports write two kinds: `modified`, for a row that differs from the stored one, with the old and
new value of each field; and `created`, for a row that is new in a file that was imported before.
This module writes `deleted`, for a payment that people or syncs removed from the graph, with what
it was.
"""

from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.enrich.write.counts import Counts


def enrich(user_id: UUID) -> Counts:
    """Log the payments that were deleted since the last run. Return the numbers of changed rows."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("enrich/deleted"), {"user_id": user_id})
        return Counts(added=cursor.rowcount)
