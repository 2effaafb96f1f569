"""What the service counts, for Prometheus at /metrics; a worker has its own (syncjobs.metrics)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from django.db import DatabaseError, connections
from django.http import HttpRequest
from prometheus_client import REGISTRY, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from graph.database import arrow
from graph.view import maintenance
from syncjobs import sql

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.6, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUESTS = Histogram(
    "finley_request_seconds",
    "Seconds a request took, by its route",
    ["route", "method", "status"],
    buckets=SECONDS,
)
# What a pool tells → (the metric, what it means). Those of SO_FAR only grow.
POOL = {
    "max": ("finley_pool_max", "Connections that the pool may have"),
    "size": ("finley_pool_size", "Connections that it has"),
    "available": ("finley_pool_available", "Those that nobody uses"),
    "waiting": ("finley_pool_waiting", "Who waits for one now"),
}
SO_FAR = {
    "waits": ("finley_pool_waits_total", "Times that one was waited for"),
    "wait_seconds": ("finley_pool_wait_seconds_total", "Seconds waited for one"),
    "refused": ("finley_pool_refused_total", "Times that none was had in time"),
}
STANDING = {
    "view_age_seconds": "Seconds since the view was refreshed",
    "failures_open": "Dead letters that are open",
    "runs_queued": "Syncs that wait",
    "runs_running": "Syncs that run",
    "queue_age_seconds": "Seconds that the sync which waits longest is due",
    "enrichments_waiting": "Tenants whose layers are behind their books",
}
MARKS = {
    "marks": ("finley_marks_pending", "Marks of changes that the view does not show"),
    "named": ("finley_marks_named", "Rows that these marks name"),
    "age": ("finley_marks_age_seconds", "Seconds since the oldest of them"),
    "rows": ("finley_view_rows", "Rows of the view when it was last refreshed"),
    "seconds": ("finley_view_refresh_seconds", "Seconds that its last refresh took"),
}


def answered(request: HttpRequest, status: int, seconds: float) -> None:
    """Count a request under its route, which names no id."""
    _REQUESTS.labels(route(request), method(request), status).observe(seconds)


def route(request: HttpRequest) -> str:
    match = request.resolver_match
    return match.route if match else "none"


def method(request: HttpRequest) -> str:
    """The request's method; what a client made up is all one."""
    return request.method if request.method in METHODS else "other"


class Standing(Collector):
    """How things stand when they are asked for; nothing of what the database does not tell now."""

    def collect(self) -> Iterator[Metric]:
        yield from _pools()
        with suppress(DatabaseError):
            yield from _ledger()
            yield from _marks()

    def describe(self) -> list[Any]:
        return []


def _pools() -> Iterator[Metric]:
    """The application's and the owner's connections, and those that graphs are read through."""
    found = {alias: _psycopg(alias) for alias in connections} | {"arrow": _arrow()}
    for key, (name, meaning) in POOL.items():
        yield _of_pools(GaugeMetricFamily(name, meaning, labels=["pool"]), key, found)
    for key, (name, meaning) in SO_FAR.items():
        yield _of_pools(CounterMetricFamily(name, meaning, labels=["pool"]), key, found)


def _of_pools[M: GaugeMetricFamily | CounterMetricFamily](
    metric: M, key: str, found: dict[str, dict[str, float]]
) -> M:
    for pool, told in found.items():
        metric.add_metric([pool], told[key])
    return metric


def _psycopg(alias: str) -> dict[str, float]:
    pool = getattr(connections[alias], "pool", None)
    told = pool.get_stats() if pool else {}
    return {
        "max": told.get("pool_max", 0),
        "size": told.get("pool_size", 0),
        "available": told.get("pool_available", 0),
        "waiting": told.get("requests_waiting", 0),
        "waits": told.get("requests_queued", 0),
        "wait_seconds": told.get("requests_wait_ms", 0) / 1000,
        "refused": told.get("requests_errors", 0),
    }


def _arrow() -> dict[str, float]:
    told = asdict(arrow.standing())
    return {"max": told.pop("most"), "available": told.pop("idle"), **told}


def _ledger() -> Iterator[Metric]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql.read("runs/run_state"))
        names = [column.name for column in cursor.description]
        for name, value in zip(names, cursor.fetchone(), strict=True):
            if value is not None:
                yield GaugeMetricFamily(f"finley_{name}", STANDING[name], value=float(value))


def _marks() -> Iterator[Metric]:
    told = asdict(maintenance.pending())
    for key, (name, meaning) in MARKS.items():
        yield GaugeMetricFamily(name, meaning, value=told[key])


REGISTRY.register(Standing())
