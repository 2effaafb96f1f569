"""Finds failures by their fields, or by text in the newest ones."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus

NEWEST = 10_000  # rows that a text search reads
CURRENT = (FailureStatus.OPEN.value, FailureStatus.REPLAYING.value)
CARRIED = ("fingerprint", "job_id", "correlation_id", "connection_id")


def matching(
    *,
    statuses: Sequence[str] = CURRENT,
    provider: str = "",
    function: str = "",
    fingerprint: str | None = None,
    since: datetime | None = None,
    search: str = "",
) -> QuerySet[JobFailure]:
    """Matching failures, newest first. Empty `statuses` means all; empty text does not filter."""
    filters = {"provider": provider, "function": function, "fingerprint": fingerprint}
    rows = JobFailure.objects.filter(**{name: value for name, value in filters.items() if value})
    if statuses:
        rows = rows.filter(status__in=statuses)
    if since:
        rows = rows.filter(last_failed_at__gte=since)
    return named(newest(rows), search) if search else newest(rows)


def newest(rows: QuerySet[JobFailure]) -> QuerySet[JobFailure]:
    return rows.order_by("-last_failed_at", "-pk")


def named(rows: QuerySet[JobFailure], text: str) -> QuerySet[JobFailure]:
    """Failures with the text as an id or a key, or in their error or payload.

    Only the NEWEST of the rows are searched for text in error and payload.
    """
    text = text.replace("\0", "").strip()
    ids = [*_carrying(rows, text), *_containing(rows, text)]
    return rows.filter(pk__in=ids)


def _carrying(rows: QuerySet[JobFailure], text: str) -> QuerySet[JobFailure, UUID]:
    ways: list[Sequence[Any]] = [(column, text) for column in CARRIED]
    with suppress(ValueError):
        ways += [(column, UUID(text)) for column in ("pk", "run", "user_id")]
    carriers = rows.order_by().filter(Q.create([*ways], connector=Q.OR))
    return carriers.values_list("pk", flat=True)[:NEWEST]


def _containing(rows: QuerySet[JobFailure], text: str) -> QuerySet[JobFailure, UUID]:
    few = JobFailure.objects.filter(pk__in=newest(rows).values("pk")[:NEWEST])
    payload = Cast("payload", TextField())
    read = few.annotate(asked=payload).filter(Q(error__icontains=text) | Q(asked__icontains=text))
    return read.values_list("pk", flat=True)
