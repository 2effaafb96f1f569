"""Middleware for request ids, the request log, content security policies and the role of staff."""

import logging
import re
import time
from collections.abc import Callable
from functools import cache
from uuid import uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.csp import csp_override, csp_report_only_override

from finley.observability import metrics
from finley.server import error_pages
from finley.server.concurrency_limit import PROBES
from graph.database.role import as_owner
from graph.http import problems

log = logging.getLogger("finley.requests")
HEADER = "X-Request-ID"
OF_OWNER = ("admin:index", "job-failures", "account")
OF_API = (
    "/api/",
    "/mcp",
    "/.well-known/oauth-protected-resource",
    f"/{settings.STATIC_URL.lstrip('/')}",
)
# The URLs whose requests read users' rows, or rows of all tenants.
OF_OTHERS = (
    "/api/v1/job-failures/",
    "/api/v1/webhooks/",
    "/api/v1/session/",
    "/api/v1/members/",
    "/api/v1/invitations/",
    "/api/v1/tokens/",
    "/api/v1/erasure/",
    "/api/v1/erasures/",
)
_VALID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Gives each request an id (the client's X-Request-ID if valid), which the response repeats."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = problems.request_id.set(request_id(request.headers.get(HEADER, "")))
        start = time.perf_counter()
        try:
            answer = self.get_response(request)
            answer[HEADER] = problems.request_id.get()
            method, route = str(request.method), metrics.route(request)
            record(method, request.path, route, answer.status_code, start)
            return answer
        finally:
            problems.request_id.reset(token)


def request_id(client_id: str) -> str:
    """Return the client's X-Request-ID if it is valid, else a new one."""
    return client_id if _VALID.fullmatch(client_id) else uuid4().hex


def record(method: str, path: str, route: str, status: int, start: float) -> None:
    """Count a request that began at `start` (of time.perf_counter) in the metrics, and write one
    line to the log. The line lacks the URL's query, which may contain names."""
    seconds = time.perf_counter() - start
    metrics.answered(route, method, status, seconds)
    log.info(
        "%s %s %d in %.0f ms",
        method,
        path,
        status,
        seconds * 1000,
        extra={
            "method": method,
            "path": path,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
        },
    )


class LooserPoliciesMiddleware:
    """Gives the admin and the API's docs page their own content security policies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.of_path = {
            "admin:index": self._under(settings.CSP_OF_ADMIN),
            "docs": self._under(settings.CSP_OF_DOCS),
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for name, get_response in self.of_path.items():
            if request.path.startswith(_at(name)):
                return get_response(request)
        return self.get_response(request)

    def _under(self, policy: dict[str, list[str]]) -> Callable[[HttpRequest], HttpResponseBase]:
        """A function that answers a request with this content security policy. CSP_MODE says
        whether browsers report, enforce or ignore the policy."""
        override = csp_report_only_override if settings.CSP_MODE == "report" else csp_override
        return override(policy if settings.CSP_MODE != "off" else {})(self.get_response)


class OnlyApiMiddleware:
    """Answers 404 outside the API, because this process does not have the owner's password.

    It cannot read sessions either. It drops the session cookie, so such a request gets a 401.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path
        request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        if path in PROBES or (path.startswith(OF_API) and not path.startswith(OF_OTHERS)):
            return self.get_response(request)
        return error_pages.not_found(request, Http404())


class StaffRoleMiddleware:
    """Runs requests to the admin, the job failures and the sign-in pages inside `as_owner()`.

    The sign-in pages read and write users; they touch no tenant's rows.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(tuple(map(_at, OF_OWNER))):
            return self.get_response(request)
        with as_owner():
            return self.get_response(request)


@cache
def _at(name: str) -> str:
    return reverse(name)
