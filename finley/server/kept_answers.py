"""Gives a stored answer to an equal request before the REST framework and most middleware run.

The first request takes the usual way. If its answer may be given again, this middleware remembers
the response's headers, and what the answer depends on. An equal request later gets the same
response, headers and all, if its token is valid, the token's requests are within the limit, and the
tenant's data is as it was.

Two requests are equal if tenant, scopes, URL and all headers are, except the headers in
WITHOUT_EFFECT. So nothing of a response is made anew here but its X-Request-ID, which another
middleware adds.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch

from finley.auth import rate_limit, token_cache
from finley.auth.token_lookup import Values
from graph import metrics
from graph.api import conditional
from graph.database import deadlines
from graph.errors import GraphError
from graph.http.tenant_request import Reusable
from graph.questions import days
from graph.reading import memory_cache

PREFIX = "/api/v1/graph/"
# Headers that change nothing of an answer. The token counts by its tenant and scopes.
WITHOUT_EFFECT = frozenset(
    {
        "HTTP_AUTHORIZATION",
        "HTTP_ACCEPT_ENCODING",
        "HTTP_ACCEPT_LANGUAGE",
        "HTTP_CONNECTION",
        "HTTP_TRACEPARENT",
        "HTTP_TRACESTATE",
        "HTTP_USER_AGENT",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_REQUEST_ID",
    }
)
# A session is not a token, and staff's reads of a tenant's rows are logged.
NEVER = frozenset({"HTTP_COOKIE", "HTTP_X_FINLEY_USER", "CONTENT_LENGTH"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A response without its body, and what it depends on. `route` is the URL's, for the
    metrics."""

    status: int
    headers: dict[str, str]
    reusable: Reusable
    route: ResolverMatch


replies: memory_cache.BoundedCache[Reply] = memory_cache.BoundedCache(
    lambda: settings.ANSWERS_MEMORY // 4
)


class KeptAnswersMiddleware:
    """Answers equal requests from stored answers, and remembers what may be given again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _may_be_kept(request):
            return self.get_response(request)
        credentials = _credentials(request)
        if credentials and (answer := _kept(request, *credentials)) is not None:
            return answer
        response = self.get_response(request)
        credentials = credentials or _credentials(request)  # the usual way may have read the token
        if credentials:
            _remember(request, response, _key(request, *credentials))
        return response


def _may_be_kept(request: HttpRequest) -> bool:
    return (
        request.method == "GET"
        and bool(settings.ANSWERS_MEMORY)
        and request.path.startswith(PREFIX)
        and not any(request.META.get(name) for name in NEVER)
    )


def _credentials(request: HttpRequest) -> token_cache.Entry | None:
    """Return the values of the request's user and token, if the token was validated recently."""
    scheme, _, token = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
    return token_cache.entry(token) if scheme == "Bearer" and token.isascii() else None


def _key(request: HttpRequest, user: Values, token: Values) -> Hashable:
    """Return what two equal requests have in common."""
    headers = frozenset(
        (name, value)
        for name, value in request.META.items()
        if (name[:5] == "HTTP_" or name == "CONTENT_TYPE") and name not in WITHOUT_EFFECT
    )
    scopes = tuple(token["scopes"])
    return user["id"], scopes, request.get_full_path(), headers, request.scheme


def _kept(request: HttpRequest, user: Values, token: Values) -> HttpResponse | None:
    """Return the response to an equal request, if it still is the right one; else None.

    If the token has too many requests, or the database does not answer, the usual way says so.
    """
    reply = replies.get(_key(request, user, token))
    if reply is None:
        return None
    body = _body(reply.reusable)
    if body is None or not rate_limit.within(request, token["token_key"]):
        return None
    if not _still_right(reply.reusable):
        return None
    request.resolver_match = reply.route
    metrics.answered("unchanged" if reply.reusable.answer is None else "kept")
    response = HttpResponse(body, status=reply.status, headers=reply.headers)
    if "Content-Type" not in reply.headers:  # Django adds it
        del response.headers["Content-Type"]
    return response


def _body(reusable: Reusable) -> bytes | None:
    """Return the stored body, b"" for a response without one, None if it is not stored any
    more."""
    return b"" if reusable.answer is None else memory_cache.answers.get(reusable.answer)


def _still_right(reusable: Reusable) -> bool:
    """Return whether the tenant's data, day and time zone are as they were."""
    try:
        with deadlines.seconds(settings.QUESTIONS["request_seconds"]):
            return days.unchanged(reusable.tenant_id, reusable.moment, reusable.day, reusable.zone)
    except (DatabaseError, InterfaceError, GraphError):
        return False


def _remember(request: HttpRequest, response: HttpResponseBase, key: Hashable) -> None:
    """Remember the response if an equal request may get it again."""
    reusable: Reusable | None = getattr(request, "reusable", None)
    if reusable is None or response.cookies or _body(reusable) is None:
        return
    headers = dict(response.headers.items())
    size = len(str(key)) + len(str(headers)) + conditional.BESIDE
    reply = Reply(response.status_code, headers, reusable, cast(Any, request.resolver_match))
    replies.put(key, reply, size)
