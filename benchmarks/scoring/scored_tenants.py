"""The tenants that are scored: created, filled, enriched, cut short, shuffled."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from django.db import connections, transaction

from graph import tenant_lookup
from graph.database.bulk import IN_BULK
from graph.ingest.import_file import import_file
from graph.ingest.mappings.mapping import Mapping

KILOBYTES_PER_MEGABYTE = 1024
STATUS = Path("/proc/self/status")
CLEAR_PEAK = Path("/proc/self/clear_refs")

DATES = """
    SELECT source, external_id, min(occurred_at) FROM raw_events
    WHERE user_id = %s GROUP BY source, external_id ORDER BY source, external_id
"""
MOVED = """
    CREATE TEMPORARY TABLE moved (source text, external_id text, occurred_at timestamptz)
    ON COMMIT DROP
"""
MOVE = """
    UPDATE raw_events AS event SET occurred_at = moved.occurred_at
    FROM moved
    WHERE event.user_id = %s AND event.source = moved.source
        AND event.external_id = moved.external_id
"""


@dataclass(frozen=True)
class Cost:
    """What enrichment cost: the seconds in all and by layer, and this process's peak memory in
    megabytes."""

    seconds: float
    layers: dict[str, float]
    peak_mb: float | None


def made(files: Iterable[tuple[Path, Mapping]], *, strictly: bool = True) -> UUID:
    """Create a tenant, import these files with their mappings, and return the tenant's id. With
    `strictly`, raises ValueError unless all rows are read."""
    user_id = tenant_lookup.find(str(uuid4()), create=True)
    with tempfile.TemporaryDirectory() as rejects:
        for path, by in files:
            imported = import_file(user_id, path, by, Path(rejects))
            if strictly and imported.counts.rows_rejected:
                raise ValueError(f"{path}: {imported.counts.rows_rejected} rows were rejected")
    return user_id


def enrich(user_id: UUID) -> Cost:
    """Compute every layer of the tenant from the current tables. Return the cost."""
    _forget_peak()
    start = time.perf_counter()
    results = import_module("graph.enrich.run_enrichment").enrich(user_id)
    seconds = time.perf_counter() - start
    layers = {result.layer: round(result.seconds, 3) for result in results}
    return Cost(round(seconds, 3), layers, _peak_mb())


def cut_short(user_id: UUID, day: date) -> None:
    """Delete all rows of the tenant that happened on that day or later."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "DELETE FROM raw_events WHERE user_id = %s AND occurred_at >= %s", [user_id, day]
        )


def shuffle(user_id: UUID, seed: int) -> None:
    """Exchange the dates of the rows of each source at random. Each date stays as frequent as
    before."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(DATES, [user_id])
        rows = cursor.fetchall()
        cursor.execute(MOVED)
        with cursor.copy("COPY moved FROM STDIN") as copy:
            for row in _shuffled(rows, seed):
                copy.write_row(row)
        cursor.execute(IN_BULK)
        cursor.execute(MOVE, [user_id])


def _shuffled(rows: list[tuple[Any, ...]], seed: int) -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(seed)
    sources: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        sources.setdefault(row[0], []).append(row)
    return [
        (source, lines[at][1], lines[other][2])
        for source, lines in sources.items()
        for at, other in enumerate(rng.permutation(len(lines)).tolist())
    ]


def timed(work: Callable[[], UUID]) -> tuple[UUID, float]:
    start = time.perf_counter()
    return work(), round(time.perf_counter() - start, 3)


def _forget_peak() -> None:
    """Reset the peak memory of the process, if Linux allows it."""
    with suppress(OSError):
        CLEAR_PEAK.write_text("5")


def _peak_mb() -> float:
    """The peak memory in megabytes since `_forget_peak`; where it cannot be reset, that of the
    whole run."""
    if STATUS.exists():
        line = next(x for x in STATUS.read_text().splitlines() if x.startswith("VmHWM"))
        return round(int(line.split()[1]) / KILOBYTES_PER_MEGABYTE, 1)
    scale = KILOBYTES_PER_MEGABYTE * (KILOBYTES_PER_MEGABYTE if sys.platform == "darwin" else 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 1)
