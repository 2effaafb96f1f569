"""How statements about many of a tenant's rows run: one writer at a time, with hash joins."""

from uuid import UUID

from django.db.backends.utils import CursorWrapper

# A tenant or a source that the planner has no statistics of looks to it like one row, worth looping
# over for each row of the file: 27,000 card lines took 207 s, and 0.5 s by hashing. Where loops are
# inevitable (LATERAL), PostgreSQL 15 to 17 find them dear enough to compile: that is not worth it.
IN_BULK = "SET LOCAL enable_nestloop = off; SET LOCAL jit = off"
AS_USUAL = "SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL jit TO DEFAULT"
LOOPED = 100  # rows; fewer are looked up one by one, whatever the tenant has


def bulk_or_loops(cursor: CursorWrapper, rows: int) -> None:
    """Choose hash joins for many rows and nested loops for few, until AS_USUAL or the transaction's
    end."""
    cursor.execute(IN_BULK if rows > LOOPED else AS_USUAL)


def alone(cursor: CursorWrapper, user_id: UUID) -> None:
    """Lock out other writers of this tenant until the transaction ends; two could both insert a new
    key."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import {user_id}"])
