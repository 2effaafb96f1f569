"""What every request passes: it gets a name and a line in the log; staff's work its role
and its pages their policy."""

import logging
import re
import time
from collections.abc import Callable
from functools import cache
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.csp import csp_override, csp_report_only_override

from finley.observability import metrics
from graph.database.role import as_owner
from graph.http import problems

log = logging.getLogger("finley.requests")
HEADER = "X-Request-ID"
OF_OWNER = ("admin:index", "job-failures", "account")
_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Each request has an id, the client's X-Request-ID where that is one; the answer tells it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        token = problems.request_id.set(given if _GIVEN.fullmatch(given) else uuid4().hex)
        begun = time.perf_counter()
        try:
            answer = self.get_response(request)
            answer[HEADER] = problems.request_id.get()
            self._tell(request, answer.status_code, time.perf_counter() - begun)
            return answer
        finally:
            problems.request_id.reset(token)

    def _tell(self, request: HttpRequest, status: int, seconds: float) -> None:
        """Counted, and one line in the log; the query may hold names, so it is left out."""
        metrics.answered(request, status, seconds)
        log.info(
            "%s %s %d in %.0f ms",
            request.method,
            request.path,
            status,
            seconds * 1000,
            extra={
                "method": request.method,
                "path": request.path,
                "status": status,
                "milliseconds": round(seconds * 1000, 1),
            },
        )


class LooserPoliciesMiddleware:
    """The admin and the API's docs page have content security policies of their own."""

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
        """The view under the policy, in whatever mode policies are."""
        override = csp_report_only_override if settings.CSP_MODE == "report" else csp_override
        return override(policy if settings.CSP_MODE != "off" else {})(self.get_response)


class StaffRoleMiddleware:
    """Runs the admin, the dead letters and the sign-in pages inside `as_owner()`.

    The sign-in pages read and write users, and no tenant's rows.
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
