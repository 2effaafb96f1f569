"""Measures requests of many tenants at once to one server, and its connections to PostgreSQL."""

import asyncio
import statistics
import threading
import time
from typing import Any
from uuid import UUID

import httpx
import psycopg
from django.conf import settings

from benchmarks.serving import database, served
from finley.models import ApiToken, User
from graph.database import arrow
from graph.database.role import as_owner

QUESTION = "/api/v1/graph/importance/"
UNCACHED = {
    "FINLEY_GRAPH_CACHE_MB": "0",
    "FINLEY_GRAPH_MEMORY_MB": "0",
    "FINLEY_ANSWERS_MEMORY_MB": "0",
    "FINLEY_LOG_LEVEL": "ERROR",
}
TIMEOUT = 300  # seconds
SEEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"


def tokens(tenants: list[UUID]) -> list[str]:
    """Make a new token for each tenant, and a user if it has none. Return the tokens in the order
    of the tenants."""
    values = []
    with as_owner():
        for tenant in tenants:
            user, _ = User.objects.get_or_create(pk=tenant, email=f"{tenant}@example.org")
            values.append(ApiToken.objects.create(user, name="benchmark")[1])
    return values


def one(token: str, rounds: int) -> float:
    """Send requests with one token to a server without any cache. Return the median milliseconds
    from request to response."""
    times = []
    with (
        served({**database(), **UNCACHED}) as server,
        httpx.Client(base_url=server.address) as client,
    ):
        for _ in range(rounds + 1):  # the first warms the connections up
            start = time.perf_counter()
            answer = client.get(QUESTION, headers=_of(token), timeout=60)
            times.append(1000 * (time.perf_counter() - start))
            assert answer.status_code == 200, answer.content
    return statistics.median(times[1:])


def together(tokens: list[str]) -> dict[str, Any]:
    """Send one request with each token, all at once. Return the number of errors, the times in
    milliseconds, and the most connections to PostgreSQL that were seen."""
    stop, most = threading.Event(), [0]
    watcher = threading.Thread(target=_watch, args=(stop, most))
    with served({**database(), **UNCACHED}) as server:
        watcher.start()
        try:
            responses = asyncio.run(_ask_all(server.address, tokens))
        finally:
            stop.set()
            watcher.join()
    times = sorted(seconds for seconds, _ in responses)
    p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
    return {
        "connections": most[0],
        "errors": sum(status != 200 for _, status in responses),
        "p50_ms": round(1000 * p50, 1),
        "p95_ms": round(1000 * p95, 1),
        "p95_over_p50": round(p95 / p50, 2),
        "tenants_at_once": len(tokens),
        "pools": [
            settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"],
            settings.ARROW_POOL,
        ],
    }


async def _ask_all(address: str, tokens: list[str]) -> list[tuple[float, int]]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT, limits=limits) as client:
        return await asyncio.gather(*(_ask(client, token) for token in tokens))


async def _ask(client: httpx.AsyncClient, token: str) -> tuple[float, int]:
    start = time.perf_counter()
    status = (await client.get(QUESTION, headers=_of(token))).status_code
    return time.perf_counter() - start, status


def _of(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _watch(stop: threading.Event, most: list[int]) -> None:
    with psycopg.connect(arrow.pool().conninfo, autocommit=True) as observer:
        while not stop.wait(0.02):
            row = observer.execute(SEEN, [observer.info.backend_pid]).fetchone()
            most[0] = max(most[0], row[0] if row else 0)
