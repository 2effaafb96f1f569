"""Layer 8, change: what was created, modified or deleted after it was first imported.

Imports write most of it: a row that differs from the stored one (`modified`, field by field), and a
new row in a file that was imported before (`created`). This module adds what people and syncs
removed from the graph.
"""

from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.enrich.write.counts import Counts


def enrich(user_id: UUID) -> Counts:
    """Log the payments that were deleted since the last run."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("enrich/deleted"), {"user_id": user_id})
        return Counts(added=cursor.rowcount)
