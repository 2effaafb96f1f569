"""Middleware that shows a session without its second factor no page but the one for the code."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from finley.auth import second_factor
from finley.models import User

OPEN = ("second-factor", "second-factor-set-up", "sign-out", "sign-in")
# The API's sessions are checked by SessionAuthentication; tokens and probes have none.
ELSEWHERE = ("/api/", "/mcp", "/healthz", "/readyz", "/metrics", "/.well-known/")


class SecondFactorMiddleware:
    """Sends a session that lacks its second factor to the page for it, whatever page it wants."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if lacking := self._lacking(request):
            name = "second-factor-set-up"
            if lacking == second_factor.NEEDED:
                name = "second-factor"
            return _sent_to(request, reverse(name))
        return self.get_response(request)

    def _lacking(self, request: HttpRequest) -> str:
        path = request.path
        if path.startswith(ELSEWHERE) or not request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            return ""
        if path in map(reverse, OPEN) or not isinstance(request.user, User):
            return ""
        return second_factor.lacking(request.user, request.session)


def _sent_to(request: HttpRequest, page: str) -> HttpResponse:
    following = request.get_full_path() if request.method == "GET" else "/"
    answer = redirect_to_login(following, page)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer
