"""Deletes old history."""

from django.db import connections

from graph import sql

AT_ONCE = 1_000  # transactions whose history is deleted by one statement


def forget(days: float) -> int:
    """Delete the history of transactions that ended more than `days` ago; return their number."""
    deleted = 0
    while True:
        with connections["owner"].cursor() as cursor:
            cursor.execute(sql.read("history/forgotten"), {"days": days, "limit": AT_ONCE})
            batch: int = cursor.rowcount
        deleted += batch
        if batch < AT_ONCE:
            return deleted
