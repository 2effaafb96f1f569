"""Answers requests that need PostgreSQL with 503 and Retry-After while it is not available.

Without this, each would wait for the pool's timeout and hold a thread. Whether the server accepts
connections is checked at most once a second, by TCP or its Unix socket.
"""

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Condition

from cachetools import TTLCache, cached
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from finley.server.concurrency_limit import PROBES
from graph.http import problems

AFTER = 2  # seconds in Retry-After
BELIEVED = 1.0  # seconds that the result of a check is used
TIMEOUT = 0.5  # seconds to wait for a connection
AWAY = "The database cannot be reached just now. Try again in a moment."


class DatabaseGate:
    """Answers 503 with Retry-After to requests that need the database while it is not available."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path not in PROBES and not is_reachable():
            return away(request)
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """The 503 for an exception that means that the database is not available; None for other
        exceptions."""
        unreachable = isinstance(exception, OperationalError | InterfaceError)
        return away(request) if unreachable else None


def away(request: HttpRequest) -> HttpResponseBase:
    """The 503 response while the database is not available: a problem under /api/ and /mcp, a plain
    sentence elsewhere."""
    headers = {"Retry-After": str(AFTER)}
    if request.path.startswith(("/api/", "/mcp")):
        body = problems.body(503, AWAY)
        return JsonResponse(body, status=503, content_type=problems.MEDIA_TYPE, headers=headers)
    return HttpResponse(AWAY, status=503, content_type="text/plain", headers=headers)


def is_reachable() -> bool:
    """Return whether PostgreSQL's address accepts connections."""
    where = place()
    return where is None or _listens(*where)


def place() -> tuple[str, int] | None:
    """The host (or socket folder) and the port at which PostgreSQL listens.

    None if DATABASE_URL names several hosts, and for the embedded server, which is started when it
    is needed.
    """
    database = settings.DATABASES[DEFAULT_DB_ALIAS]
    host = str(database.get("HOST") or "")
    if database["ENGINE"] == "finley.embedded.backend" or not host or "," in host:
        return None
    return host, int(database.get("PORT") or 5432)


@cached(TTLCache(maxsize=4, ttl=BELIEVED), condition=Condition())
def _listens(host: str, port: int) -> bool:
    try:
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(TIMEOUT)
                line.connect(str(Path(host) / f".s.PGSQL.{port}"))
            return True
        with socket.create_connection((host, port), timeout=TIMEOUT):
            return True
    except OSError:
        return False
