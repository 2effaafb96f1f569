"""Enriches a tenant step by step. The steps run in an order in which each finds what it needs."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from graph import sql
from graph.database.statistics import analyze_grown, analyze_stale
from graph.database.tenancy import tenant_transaction
from graph.enrich import (
    canonical,
    cases,
    causal,
    change,
    cross_platform,
    fraud,
    pattern,
    prediction,
    root_cause,
    seasonal,
    temporal,
)
from graph.enrich.detector_results import Findings
from graph.enrich.links import fees, follows, references, reversals, same_transaction, settlements
from graph.enrich.resolution import step
from graph.enrich.write.counts import Counts
from graph.errors import GraphError
from graph.ingest.store.request_enrichment import books_changed
from graph.models import Enrichment

GREW = 1_000  # rows that steps have added before the planner's statistics are checked


class LayerUnknown(GraphError):
    """No step of the enrichment has this name."""


STEPS: dict[str, Callable[[Findings], Counts]] = {
    "resolution": lambda of: step.enrich(of.user_id),
    "same_transaction": lambda of: same_transaction.enrich(of.user_id, of.payments, of.same),
    "reversals": lambda of: reversals.enrich(of.user_id, of.payments, of.reversals),
    "settles": lambda of: settlements.enrich(of.user_id, of.payments, of.settled),
    "fees": lambda of: fees.enrich(of.user_id, of.payments, of.fees),
    "references": lambda of: references.enrich(of.user_id, of.payments),
    "temporal": lambda of: temporal.enrich(of.user_id, of.payments, of.courses, of.until),
    "follows": lambda of: follows.enrich(of.user_id, of.payments, of.courses),
    "seasonal": lambda of: seasonal.enrich(of.user_id, of.payments, of.courses, of.until),
    "pattern": lambda of: pattern.enrich(of.user_id, of.payments, of.courses),
    "prediction": lambda of: prediction.enrich(
        of.user_id, of.payments, of.courses, of.until, same=of.same, bills=of.bills
    ),
    "fraud": lambda of: fraud.enrich(of.user_id, of.payments, of.duplicates),
    "payment_groups": lambda of: canonical.enrich(of.user_id),
    "cases": lambda of: cases.enrich(of.user_id),
    "cross_platform": lambda of: cross_platform.enrich(of.user_id, of.payments),
    "causal": lambda of: causal.enrich(of.user_id),
    "change": lambda of: change.enrich(of.user_id),
    "root_cause": lambda of: root_cause.enrich(of.user_id),
}


@dataclass(frozen=True, slots=True)
class Done:
    """What a step wrote, and how many seconds it took."""

    layer: str
    rows_added: int
    rows_changed: int
    rows_removed: int
    seconds: float


Progress = Callable[[str], None]


def enrich(
    user_id: UUID,
    layers: Sequence[str] = (),
    progress: Progress | None = None,
    *,
    everything: bool = False,
) -> list[Done]:
    """Run the named steps, or all of them, in their order. `progress` is called with each step's
    name.

    Only payments that have changed since the last run are searched for series, or all payments with
    `everything`. Each step is one transaction. If a step fails, the results of the steps before it
    stay. Raises LayerUnknown.
    """
    steps = _chosen(layers)
    with _only_one(user_id) as owner:
        analyze_stale(owner)
        wanted_at = _wanted_at(user_id)
        findings = Findings(user_id, everything=everything)
        results = list(_each(owner, steps, findings, progress))
        if wanted_at and len(steps) == len(STEPS):
            _write_down(user_id, wanted_at)
    return results


def _each(
    owner: BaseDatabaseWrapper, steps: Sequence[str], findings: Findings, progress: Progress | None
) -> Iterator[Done]:
    """Yield the result of each step after running it. Update the planner's statistics in
    between, as the tables grow."""
    rows_written = GREW
    for name in steps:
        if rows_written >= GREW:
            analyze_grown(owner, findings.user_id)
            rows_written = 0
        result = _do(name, findings, progress)
        rows_written += result.rows_added
        yield result
    if rows_written >= GREW:
        analyze_grown(owner, findings.user_id)


@contextmanager
def _only_one(user_id: UUID) -> Iterator[BaseDatabaseWrapper]:
    """Lock the tenant, so that only one process enriches it. A connection of its own holds the
    lock. The lock ends with the connection."""
    connection = connections.create_connection("owner")
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"enrich {user_id}"]
            )
        yield connection
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # the pool keeps sessions
            cursor.execute("SELECT pg_advisory_unlock_all()")
        connection.close()


def waiting(limit: int, quiet: float = 0) -> list[UUID]:
    """Return at most `limit` tenants whose books have changed since they were enriched, the one
    that waited longest first.

    With `quiet`, only tenants whose books have not changed for this many seconds, or that have
    waited for 15 minutes.
    """
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql.read("enrich_requests/waiting"), {"limit": limit, "quiet": quiet})
        return [user_id for (user_id,) in cursor.fetchall()]


def postpone(user_id: UUID) -> None:
    """Move the tenant behind all other tenants that wait for enrichment."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        books_changed(cursor, user_id)


def _chosen(layers: Sequence[str]) -> list[str]:
    unknown = sorted(set(layers) - STEPS.keys())
    if unknown:
        raise LayerUnknown(f"No layer is {unknown[0]!r}. There are: {', '.join(STEPS)}.")
    return [name for name in STEPS if not layers or name in layers]


def _do(name: str, findings: Findings, progress: Progress | None) -> Done:
    if progress:
        progress(name)
    start = time.perf_counter()
    counts = STEPS[name](findings)
    seconds = time.perf_counter() - start
    return Done(name, counts.added, counts.changed, counts.removed, seconds)


def _wanted_at(user_id: UUID) -> datetime | None:
    with tenant_transaction(user_id):
        request = Enrichment.objects.filter(user_id=user_id).first()
    return request.wanted_at if request else None


def _write_down(user_id: UUID, wanted_at: datetime) -> None:
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(
            sql.read("enrich_requests/done"), {"user_id": user_id, "wanted_at": wanted_at}
        )
