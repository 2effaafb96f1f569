"""Collects the web process's metrics, which `health.metrics` serves. syncjobs.metrics has a
worker's."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.http import HttpRequest
from prometheus_client import REGISTRY, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from graph.database import arrow
from graph.view import maintenance
from syncjobs import sql

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.6, 1, 2.5, 5, 10, 30)  # bounds of buckets
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUESTS = Histogram(
    "finley_request_seconds",
    "Seconds per request, by route, method and status",
    ["route", "method", "status"],
    buckets=SECONDS,
)
# Statistic of a pool → (the metric's name, its help text).
POOL = {
    "max": ("finley_pool_max", "Maximum number of connections in the pool"),
    "size": ("finley_pool_size", "Open connections in the pool"),
    "available": ("finley_pool_available", "Idle connections in the pool"),
    "waiting": ("finley_pool_waiting", "Callers waiting for a connection"),
}
POOL_COUNTERS = {
    "waits": ("finley_pool_waits_total", "Waits for a connection"),
    "wait_seconds": ("finley_pool_wait_seconds_total", "Seconds spent waiting for a connection"),
    "refused": ("finley_pool_refused_total", "Waits that ended with a timeout"),
}
STATE = {
    "view_age_seconds": "Seconds since the last refresh of the view",
    "failures_open": "Open dead letters",
    "runs_queued": "Queued sync runs",
    "runs_running": "Running sync runs",
    "queue_age_seconds": "Seconds that the sync which has waited longest is overdue",
    "enrichments_waiting": "Tenants whose layers are older than their books",
}
CHANGES = {
    "marks": ("finley_marks_pending", "Change records that the view does not show yet"),
    "named": ("finley_marks_named", "Rows named by pending change records"),
    "age": ("finley_marks_age_seconds", "Seconds since the oldest pending change record"),
    "rows": ("finley_view_rows", "Rows of the view at its last refresh"),
    "seconds": ("finley_view_refresh_seconds", "Seconds that the last refresh of the view took"),
}


def answered(route: str, method: str, status: int, seconds: float) -> None:
    """Count an answered request by its route (which contains no ids), method and status, and its
    duration in seconds."""
    _REQUESTS.labels(route, _usual(method), status).observe(seconds)


def route(request: HttpRequest) -> str:
    match = request.resolver_match
    return match.route if match else "none"


def method(request: HttpRequest) -> str:
    """The request's method, or "other" for a non-standard one."""
    return _usual(str(request.method))


def _usual(method: str) -> str:
    return method if method in METHODS else "other"


class StateCollector(Collector):
    """Reads the current state of pools, runs and change records at each scrape. If the database
    fails, the metrics that need it are left out."""

    def collect(self) -> Iterator[Metric]:
        yield from _pools()
        if settings.ONLY_API:  # its role cannot see runs; other processes report them
            return
        with suppress(DatabaseError):
            yield from _runs()
            yield from _changes()

    def describe(self) -> list[Any]:
        return []


def _pools() -> Iterator[Metric]:
    """Yield the metrics of the connection pools: Django's for both roles, and Arrow's for
    graphs."""
    pools = {alias: _psycopg(alias) for alias in connections} | {"arrow": _arrow()}
    for key, (name, meaning) in POOL.items():
        yield _of_pools(GaugeMetricFamily(name, meaning, labels=["pool"]), key, pools)
    for key, (name, meaning) in POOL_COUNTERS.items():
        yield _of_pools(CounterMetricFamily(name, meaning, labels=["pool"]), key, pools)


def _of_pools[M: GaugeMetricFamily | CounterMetricFamily](
    metric: M, key: str, pools: dict[str, dict[str, float]]
) -> M:
    for pool, statistics in pools.items():
        metric.add_metric([pool], statistics[key])
    return metric


def _psycopg(alias: str) -> dict[str, float]:
    pool = getattr(connections[alias], "pool", None)
    statistics = pool.get_stats() if pool else {}
    return {
        "max": statistics.get("pool_max", 0),
        "size": statistics.get("pool_size", 0),
        "available": statistics.get("pool_available", 0),
        "waiting": statistics.get("requests_waiting", 0),
        "waits": statistics.get("requests_queued", 0),
        "wait_seconds": statistics.get("requests_wait_ms", 0) / 1000,
        "refused": statistics.get("requests_errors", 0),
    }


def _arrow() -> dict[str, float]:
    state = asdict(arrow.state())
    return {"max": state.pop("most"), "available": state.pop("idle"), **state}


def _runs() -> Iterator[Metric]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql.read("runs/run_state"))
        names = [column.name for column in cursor.description]
        for name, value in zip(names, cursor.fetchone(), strict=True):
            if value is not None:
                yield GaugeMetricFamily(f"finley_{name}", STATE[name], value=float(value))


def _changes() -> Iterator[Metric]:
    pending = asdict(maintenance.pending())
    for key, (name, meaning) in CHANGES.items():
        yield GaugeMetricFamily(name, meaning, value=pending[key])


REGISTRY.register(StateCollector())
