"""Many tenants who ask at once, through the API's own code, and the connections that it takes."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connections
from rest_framework.test import APIClient

from finley.models import ApiToken, User
from finley.routers import as_owner
from graph import arrow

QUESTION = "/api/v1/graph/importance/"
SEEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"


def clients(tenants: list[UUID]) -> list[APIClient]:
    """A client of each tenant, who has a user and a token from here on."""
    made = []
    with as_owner():
        for tenant in tenants:
            user, _ = User.objects.get_or_create(pk=tenant, email=f"{tenant}@example.org")
            _, token = ApiToken.objects.create(user, name="benchmark")
            client = APIClient(raise_request_exception=False, SERVER_NAME="localhost")
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
            made.append(client)
    return made


def one(client: APIClient, rounds: int) -> float:
    """Milliseconds from request to response, the median; nothing is kept in between."""
    taken = []
    for _ in range(rounds + 1):  # the first warms the connections up
        start = time.perf_counter()
        answer = client.get(QUESTION)
        taken.append(1000 * (time.perf_counter() - start))
        assert answer.status_code == 200, answer.content
    return statistics.median(taken[1:])


def together(asking: list[APIClient]) -> dict[str, Any]:
    """All at once: errors, times, and the most connections that were seen."""
    stop, most = threading.Event(), [0]
    watcher = threading.Thread(target=_watch, args=(stop, most))
    watcher.start()
    try:
        with ThreadPoolExecutor(len(asking)) as pool:
            found = list(pool.map(_ask, asking))
    finally:
        stop.set()
        watcher.join()
    taken = sorted(seconds for seconds, _ in found)
    p50, p95 = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
    return {
        "connections": most[0],
        "errors": sum(status != 200 for _, status in found),
        "p50_ms": round(1000 * p50, 1),
        "p95_ms": round(1000 * p95, 1),
        "p95_over_p50": round(p95 / p50, 2),
        "tenants_at_once": len(asking),
        "pools": [
            settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"],
            settings.ARROW_POOL,
        ],
    }


def _ask(client: APIClient) -> tuple[float, int]:
    start = time.perf_counter()
    try:
        status = client.get(QUESTION).status_code
    finally:
        connections.close_all()
    return time.perf_counter() - start, status


def _watch(stop: threading.Event, most: list[int]) -> None:
    with psycopg.connect(arrow.pool().conninfo, autocommit=True) as observer:
        while not stop.wait(0.02):
            seen = observer.execute(SEEN, [observer.info.backend_pid]).fetchone()
            most[0] = max(most[0], seen[0] if seen else 0)
