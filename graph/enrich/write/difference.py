"""Writes the rows that a method finds as the difference from the stored rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.bulk import AS_USUAL, IN_BULK, alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.write.counts import Counts


@dataclass(frozen=True, slots=True)
class Difference:
    """The names of the statements in sql/enrich by which found rows are written, and their columns.

    `found` creates the table of found rows, which has the same name. `gone` removes stored rows
    that were not found. `written` inserts or changes the found rows, and returns for each whether
    it is new.
    """

    found: str
    columns: str
    gone: str
    written: str


def write(
    user_id: UUID,
    difference: Difference,
    rows: Iterable[Sequence[object]],
    values: Mapping[str, Any] | None = None,
) -> Counts:
    """Make the stored rows equal to `rows`, in one transaction. Return how many were added, changed
    and removed.

    `values` are further parameters of the statements.
    """
    found = difference.found
    parameters = {"user_id": user_id, **(values or {})}
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        cursor.execute(sql.read(f"enrich/{found}"))
        copied = f"COPY {found} ({difference.columns}) FROM STDIN"
        with connection.connection.cursor() as copying, copying.copy(copied) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"ANALYZE {found}")
        cursor.execute(IN_BULK)
        cursor.execute(sql.read(f"enrich/{difference.gone}"), parameters)
        removed = cursor.rowcount
        cursor.execute(sql.read(f"enrich/{difference.written}"), parameters)
        new = [row[0] for row in cursor.fetchall()]
        cursor.execute(f"DROP TABLE {found}")
        cursor.execute(AS_USUAL)
    return Counts(sum(new), len(new) - sum(new), removed)
