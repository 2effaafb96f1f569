"""Finds the lines of a file from which a source's stored rows come."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction


def lines_of(
    user_id: UUID, source: str, file: str, ids: Iterable[str]
) -> dict[tuple[str, str], int]:
    """Return the line of each row, by (external id, publication). Rows of other files are left
    out."""
    values: dict[str, Any] = {"user_id": user_id, "source": source, "file": file, "ids": list(ids)}
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("ingest/file_lines"), values)
        return {(key, publication): line for key, publication, line in cursor.fetchall()}
