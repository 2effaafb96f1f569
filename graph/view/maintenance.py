"""Decides when to refresh the view, and deletes old change records.

Readers do not depend on this: they apply pending changes themselves.
"""

from dataclasses import dataclass

from django.db import connections

from graph import sql
from graph.view.captured_tables import EVERYTHING

SHARE = 0.02  # share of the view's rows with pending changes; above it reads become slower
LEAST = 1_000  # rows with pending changes; fewer never start a refresh
OLDEST = 900.0  # seconds that a change record waits for a refresh at most
PAUSE = 4.0  # pause after a refresh, in multiples of its duration: 20 % of the time is refreshing
AT_ONCE = 10_000  # change records deleted per statement


@dataclass(frozen=True, slots=True)
class Pending:
    """The work that a refresh would do, over all tenants. Ages and durations are in seconds.

    `marks` counts pending change records, and `named` the rows that they name. `unknown` means that
    anything may have changed: until the next refresh, every tenant is read from the tables.
    """

    marks: int
    named: int
    age: float
    unknown: bool
    rows: int
    seconds: float
    ago: float

    def worth_a_refresh(self) -> bool:
        if self.unknown:
            return True
        if self.marks == 0 or self.ago < PAUSE * self.seconds:
            return False
        return self.age > OLDEST or self.named > max(LEAST, SHARE * self.rows)


def pending() -> Pending:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql.read("view/refresh_due"), {"everything": EVERYTHING})
        return Pending(*cursor.fetchone())


def due() -> bool:
    return pending().worth_a_refresh()


def delete_change_records(days: float) -> int:
    """Delete change records older than `days` that the view already shows; return their number."""
    deleted = 0
    while True:
        with connections["owner"].cursor() as cursor:
            cursor.execute(sql.read("view/marks_forgotten"), {"days": days, "limit": AT_ONCE})
            batch: int = cursor.rowcount
        deleted += batch
        if batch < AT_ONCE:
            return deleted
