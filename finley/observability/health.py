"""Health checks for an orchestrator, and the metrics page."""

from collections.abc import Callable
from hmac import compare_digest

from django.conf import settings
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis
from redis.exceptions import RedisError

from finley.server import database_gate
from graph import sql
from graph.database import functions


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200: this process works."""
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200, or 503 if the database, its functions or the view are not ready.

    Without Redis questions are still answered. The status then stays 200, and `redis` says that
    Redis is not available.
    """
    away = [] if database_gate.is_reachable() else ["database", "view"]
    states = {
        name: "away (nobody listens there)" if name in away else _state(check)
        for name, check in CHECKS.items()
    }
    ready = states["database"] == states["view"] == "ok"
    return JsonResponse(
        {"status": "ready" if ready else "not ready", **states}, status=200 if ready else 503
    )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics in Prometheus' text format.

    If FINLEY_METRICS_TOKEN is set, a request without this bearer token gets 404. If it is not set,
    every request in production gets 404.
    """
    token = settings.METRICS_TOKEN
    credentials = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if (settings.PRODUCTION and not token) or (
        token and not compare_digest(credentials, token.encode())
    ):
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _state(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, RedisError, OSError) as error:
        return f"away ({type(error).__name__})"


def _database() -> str:
    with connections["default"].cursor() as cursor:
        missing = functions.missing(cursor)
    return f"lacks {len(missing)} functions: run manage.py migrate" if missing else "ok"


def _view() -> str:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql.read("view/view_ready"))
        (refreshed,) = cursor.fetchone()
    return "ok" if refreshed else "never refreshed: run manage.py refresh_enriched_view"


def _redis() -> str:
    url = str(settings.REDIS_URL)
    with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
        client.ping()
    return "ok"


CHECKS = {"database": _database, "view": _view, "redis": _redis}
