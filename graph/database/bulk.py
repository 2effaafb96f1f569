"""Settings for statements about many of a tenant's rows: hash joins, and one writer at a time."""

from uuid import UUID

from django.db.backends.utils import CursorWrapper

# The planner expects one row of a tenant or source without statistics. It then plans a nested loop
# over all rows for each row of the file: 27,000 card lines took 207 s, and 0.5 s with hash joins.
# With LATERAL joins loops are inevitable; PostgreSQL 15 to 17 then estimates such a high cost that
# it compiles the query, which is not worth it.
IN_BULK = "SET LOCAL enable_nestloop = off; SET LOCAL jit = off"
AS_USUAL = "SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL jit TO DEFAULT"
LOOPED = 100  # rows; fewer are looked up one by one, however many rows the tenant has


def bulk_or_loops(cursor: CursorWrapper, rows: int) -> None:
    """Let PostgreSQL plan hash joins for more than LOOPED rows, else nested loops.

    The setting holds until AS_USUAL is executed or the transaction ends.
    """
    cursor.execute(IN_BULK if rows > LOOPED else AS_USUAL)


def alone(cursor: CursorWrapper, user_id: UUID) -> None:
    """Take the lock of this tenant's writers, and keep it until the transaction ends.

    Waits while another transaction has it. Without the lock, two writers could insert the same new
    key.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import {user_id}"])
