"""Reads the result of benchmarks.chaos from the tables."""

from typing import Any

from django.db import connections


def recorded() -> dict[str, int]:
    """The number of rows in job_failures for each run: run's id → number."""
    query = "SELECT run_id::text, count(*) FROM job_failures WHERE run_id IS NOT NULL GROUP BY 1"
    return {run: int(count) for run, count in rows(query)}


def doubled() -> int:
    """The number of effects that were written more than once, and of runs that succeeded more than
    once."""
    effects = count(
        "SELECT coalesce(sum(times - 1), 0) FROM "
        "(SELECT count(*) AS times FROM audit_effects GROUP BY what, key) AS counted"
    )
    return effects + count(
        "SELECT count(*) FROM (SELECT run_id FROM job_attempts WHERE outcome = 'succeeded' "
        "GROUP BY run_id HAVING count(*) > 1) AS twice"
    )


def count(query: str) -> int:
    """The single number that the SQL query returns, read as the owner."""
    [(count,)] = rows(query)
    return int(count)


def rows(query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows that the SQL query returns, read as the owner. `values` are its parameters."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
