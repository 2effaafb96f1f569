"""Finds the lines of a file on which the known rows of a source stand."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction


def lines_of(
    user_id: UUID, source: str, file: str, ids: Iterable[str]
) -> dict[tuple[str, str], int]:
    """The line of each row, by external id and publication. Rows that the file does not have are
    left out."""
    values: dict[str, Any] = {"user_id": user_id, "source": source, "file": file, "ids": list(ids)}
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("ingest/file_lines"), values)
        return {(key, publication): line for key, publication, line in cursor.fetchall()}
