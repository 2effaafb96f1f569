"""What the service counts, for Prometheus at /metrics; a worker has its own (syncjobs.metrics)."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, connections
from django.http import HttpRequest
from prometheus_client import REGISTRY, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from syncjobs import sql

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.6, 1, 2.5, 5, 10, 30)
_REQUESTS = Histogram(
    "finley_request_seconds",
    "Seconds a request took, by its route",
    ["route", "method", "status"],
    buckets=SECONDS,
)
POOL = {
    "pool_size": "Connections of the application's pool in this process",
    "pool_available": "Those that nobody uses",
    "requests_waiting": "Requests that wait for one now",
    "requests_wait_ms": "Milliseconds waited for one so far",
    "requests_queued": "Requests that had to wait so far",
    "requests_errors": "Requests that got none in time so far",
}


def answered(request: HttpRequest, status: int, seconds: float) -> None:
    """Count a request under its route, which names no id."""
    match = request.resolver_match
    route = match.route if match else "none"
    _REQUESTS.labels(route, request.method, status).observe(seconds)


class Standing(Collector):
    """How things stand when they are asked for; nothing of what the database does not tell now."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _pool()
        with suppress(DatabaseError):
            yield from _ledger()

    def describe(self) -> list[Any]:
        return []


def _pool() -> Iterator[GaugeMetricFamily]:
    stats = getattr(connections["default"], "pool", None)
    found = stats.get_stats() if stats else {}
    for name, meaning in POOL.items():
        yield GaugeMetricFamily(f"finley_{name}", meaning, value=found.get(name, 0))


def _ledger() -> Iterator[GaugeMetricFamily]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql.read("standing"))
        names = [column.name for column in cursor.description]
        for name, value in zip(names, cursor.fetchone(), strict=True):
            if value is not None:
                meaning = f"{name.replace('_', ' ')}, of all tenants"
                yield GaugeMetricFamily(f"finley_{name}", meaning, value=float(value))


REGISTRY.register(Standing())
