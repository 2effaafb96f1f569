"""What an orchestrator asks: does it live, is it ready, how is it doing?"""

from collections.abc import Callable
from hmac import compare_digest

from django.conf import settings
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis
from redis.exceptions import RedisError

from graph import sql


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200: this process answers."""
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200, or 503 with what is amiss: the database, the view, or Redis, which syncs need.

    Without Redis questions are still answered: `redis` says so, and the status stays 200.
    """
    found = {name: _told(look) for name, look in LOOKS.items()}
    ready = found["database"] == found["view"] == "ok"
    return JsonResponse(
        {"status": "ready" if ready else "not ready", **found}, status=200 if ready else 503
    )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text. With FINLEY_METRICS_TOKEN: for its bearer; in production for no other."""
    token = settings.METRICS_TOKEN
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if (settings.PRODUCTION and not token) or (token and not compare_digest(shown, token)):
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _told(look: Callable[[], str]) -> str:
    try:
        return look()
    except (DatabaseError, RedisError, OSError) as error:
        return f"away ({type(error).__name__})"


def _database() -> str:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _view() -> str:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql.read("view/view_ready"))
        (refreshed,) = cursor.fetchone()
    return "ok" if refreshed else "never refreshed: run manage.py refresh_enriched_view"


def _redis() -> str:
    with Redis.from_url(str(settings.REDIS_URL), socket_timeout=1, socket_connect_timeout=1) as one:
        one.ping()
    return "ok"


LOOKS = {"database": _database, "view": _view, "redis": _redis}
