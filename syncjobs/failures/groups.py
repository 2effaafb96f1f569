"""Groups of failures of the same kind (equal fingerprints), and counts per provider and status."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Count, QuerySet

from syncjobs import sql
from syncjobs.models import JobFailure

COLUMNS = ("id", "fingerprint", "status", "provider", "first_failed_at", "last_failed_at")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of failures of one kind. The fields from `sample_id` on are those of its newest
    failure."""

    fingerprint: str
    count: int
    open: int
    newest: datetime
    oldest: datetime
    providers: list[str]
    sample_id: UUID
    error: str
    error_class: str
    function: str
    location: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of groups. `total` counts the groups on all pages; it is 0 after the last page."""

    groups: list[Group]
    total: int


@dataclass(frozen=True, slots=True)
class Counted:
    provider: str
    status: str
    count: int


ORDERS = {  # the columns of syncjobs/sql/failures/groups.sql that groups may be sorted by
    "last": "newest DESC",
    "count": "failures DESC",
    "age": "oldest",
}


def page(
    failures: QuerySet[JobFailure], *, limit: int = 50, offset: int = 0, order: str = "last"
) -> Page:
    """The groups of these failures, the last failed first, by one query.

    `order`: "last", "count" (the most failures first) or "age" (the oldest first).
    """
    query = failures.order_by().values_list(*COLUMNS).query
    try:
        text, parameters = query.get_compiler(using=failures.db).as_sql()
    except EmptyResultSet:
        return Page([], 0)
    statement = sql.read("failures/groups").replace("{failures}", text)
    statement = statement.replace("{order}", ORDERS[order])
    with connections[failures.db].cursor() as cursor:
        cursor.execute(statement, [*parameters, limit, offset])
        rows = cursor.fetchall()
    return Page([Group(*row[:-1]) for row in rows], rows[0][-1] if rows else 0)


def counts() -> Sequence[Counted]:
    """The number of failures per provider and status, by one index-only query."""
    rows = JobFailure.objects.values_list("provider", "status").annotate(Count("pk"))
    return [Counted(*row) for row in rows.order_by("provider", "status")]
