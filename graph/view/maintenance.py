"""When the view is worth refreshing, and which marks may be forgotten. Readers need neither."""

from dataclasses import dataclass

from django.db import connections

from graph import sql
from graph.view.captured_tables import EVERYTHING

SHARE = 0.02  # of the view's rows named by pending marks: reads begin to cost more
LEAST = 1_000  # rows named: fewer are no reason
OLDEST = 900.0  # seconds that a mark waits, at most
PAUSE = 4.0  # times as long as the last refresh took: a fifth of the time may go into refreshing
AT_ONCE = 10_000  # marks deleted in one statement


@dataclass(frozen=True, slots=True)
class Pending:
    """What a refresh would have to do, of all tenants; ages in seconds.

    `unknown`: anything may have changed, so every tenant is read from the tables until then.
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


def forget_marks(days: float) -> int:
    """How many marks were deleted: those older than that, which the view shows."""
    forgotten = 0
    while True:
        with connections["owner"].cursor() as cursor:
            cursor.execute(sql.read("view/marks_forgotten"), {"days": days, "limit": AT_ONCE})
            gone: int = cursor.rowcount
        forgotten += gone
        if gone < AT_ONCE:
            return forgotten
