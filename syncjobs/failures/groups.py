"""Failures by what went wrong: the normalised error and the top frame of ours; and how many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Count, QuerySet

from syncjobs import sql
from syncjobs.models import JobFailure

TOLD = ("id", "fingerprint", "status", "provider", "first_failed_at", "last_failed_at")


@dataclass(frozen=True, slots=True)
class Group:
    """Like failures; `sample_id`, error, class, function and location are the newest one's."""

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
    """`total`: groups on all pages; 0 on a page behind the last."""

    groups: list[Group]
    total: int


@dataclass(frozen=True, slots=True)
class Counted:
    provider: str
    status: str
    count: int


def page(failures: QuerySet[JobFailure], *, limit: int = 50, offset: int = 0) -> Page:
    """The groups of these failures, those that failed last first; in one query."""
    told = failures.order_by().values_list(*TOLD).query
    try:
        written, given = told.get_compiler(using=failures.db).as_sql()
    except EmptyResultSet:
        return Page([], 0)
    statement = sql.read("failures/groups").replace("{failures}", written)
    with connections[failures.db].cursor() as cursor:
        cursor.execute(statement, [*given, limit, offset])
        rows = cursor.fetchall()
    return Page([Group(*row[:-1]) for row in rows], rows[0][-1] if rows else 0)


def counts() -> Sequence[Counted]:
    """How many failures of each provider are in each state; one query, from an index alone."""
    rows = JobFailure.objects.values_list("provider", "status").annotate(Count("pk"))
    return [Counted(*row) for row in rows.order_by("provider", "status")]
