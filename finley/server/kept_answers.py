"""Gives a stored answer to an equal request before Django makes a request of it.

The first request takes the usual way. If its answer may be given again, the middleware remembers
the response's headers, and what the answer depends on. An equal request later gets the same
response, headers and all, if its token is valid, the token's requests are within the limit, and the
tenant's data is as it was.

Two requests are equal if tenant, scopes, URL and all headers are, except the headers in
WITHOUT_EFFECT. So nothing of a response is made anew here but its X-Request-ID. Where requests are
traced, all take the usual way, because its spans belong to the trace.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from finley.auth import rate_limit, token_cache
from finley.server import database_gate, middleware
from finley.server.asgi_types import Scope
from graph import metrics
from graph.api import conditional
from graph.database import deadlines
from graph.errors import GraphError
from graph.http import problems
from graph.http.tenant_request import Reusable
from graph.questions import days
from graph.reading import memory_cache

PREFIX = "/api/v1/graph/"
# Headers that change nothing of an answer. The token counts by its tenant and scopes.
WITHOUT_EFFECT = frozenset(
    {
        b"authorization",
        b"accept-encoding",
        b"accept-language",
        b"connection",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"x-forwarded-for",
        b"x-request-id",
    }
)
# A session is not a token, and staff's reads of a tenant's rows are logged.
NEVER = frozenset({b"cookie", b"x-finley-user", b"content-length"})
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response without its body, and what it depends on. `route` is the URL's, for the
    metrics."""

    status: int
    headers: Headers
    reusable: Reusable
    route: str


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """A stored response, ready to be sent."""

    status: int
    headers: Headers
    body: bytes
    streaming = False


replies: memory_cache.BoundedCache[Reply] = memory_cache.BoundedCache(
    lambda: settings.ANSWERS_MEMORY // 4
)


class KeptAnswersMiddleware:
    """Remembers what may be given again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        scope: Scope | None = getattr(request, "scope", None)
        if scope is None or not _may_be_kept(scope):
            return self.get_response(request)
        if rate_limit.WITHIN in scope:  # `given` has counted the request
            setattr(request, rate_limit.WITHIN, scope[rate_limit.WITHIN])
        response = self.get_response(request)
        if credentials := _credentials(scope):
            _remember(request, response, _key(scope, credentials))
        return response


def given(scope: Scope) -> KeptResponse | None:
    """Return the response to an equal request, if it still is the right one; else None.

    If the token has too many requests, or the database does not answer, the usual way says so. The
    scope then says under rate_limit.WITHIN whether the counted request is within the limit.
    """
    start = time.perf_counter()
    if not _may_be_kept(scope) or (credentials := _credentials(scope)) is None:
        return None
    reply = replies.get(_key(scope, credentials))
    body = None if reply is None else _body(reply.reusable)
    if reply is None or body is None:
        return None
    scope[rate_limit.WITHIN] = rate_limit.allowed(credentials[1]["token_key"])
    if not scope[rate_limit.WITHIN] or not _still_right(reply.reusable):
        return None
    metrics.answered("unchanged" if reply.reusable.answer is None else "kept")
    client_id = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    request_id = middleware.request_id(client_id.decode("latin-1"))
    before = problems.request_id.set(request_id)
    middleware.record("GET", scope["path"], reply.route, reply.status, start)
    problems.request_id.reset(before)
    named = (middleware.HEADER.encode(), request_id.encode())
    return KeptResponse(reply.status, (*reply.headers, named), body)


def _may_be_kept(scope: Scope) -> bool:
    return (
        scope["method"] == "GET"
        and scope["path"].startswith(PREFIX)
        and bool(settings.ANSWERS_MEMORY)
        and not settings.TRACED
        and not any(value and name in NEVER for name, value in scope["headers"])
    )


def _credentials(scope: Scope) -> token_cache.Entry | None:
    """Return the values of the request's user and token, if the token was validated recently."""
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(b" ")
    is_token = scheme == b"Bearer" and token.isascii()
    return token_cache.entry(token.decode("ascii")) if is_token else None


def _key(scope: Scope, credentials: token_cache.Entry) -> Hashable:
    """Return what two equal requests have in common."""
    user, token = credentials
    headers = tuple(pair for pair in map(tuple, scope["headers"]) if pair[0] not in WITHOUT_EFFECT)
    url = scope["scheme"], scope.get("root_path", ""), scope["path"], scope["query_string"]
    return user["id"], tuple(token["scopes"]), url, headers


def _body(reusable: Reusable) -> bytes | None:
    """Return the stored body, b"" for a response without one, None if it is not stored any
    more."""
    return b"" if reusable.answer is None else memory_cache.answers.get(reusable.answer)


def _still_right(reusable: Reusable) -> bool:
    """Return whether the tenant's data, day and time zone are as they were. The database connection
    returns to the pool."""
    if not database_gate.is_reachable():
        return False
    try:
        with deadlines.seconds(settings.QUESTIONS["request_seconds"]):
            return days.unchanged(reusable.tenant_id, reusable.moment, reusable.day, reusable.zone)
    except (DatabaseError, InterfaceError, GraphError):
        return False
    finally:
        connections["default"].close_if_unusable_or_obsolete()


def _remember(request: HttpRequest, response: HttpResponseBase, key: Hashable) -> None:
    """Remember the response if an equal request may get it again."""
    reusable: Reusable | None = getattr(request, "reusable", None)
    match = request.resolver_match
    if reusable is None or match is None or response.cookies or _body(reusable) is None:
        return
    headers = tuple((name.encode(), value.encode("latin-1")) for name, value in response.items())
    size = len(str(key)) + len(str(headers)) + conditional.BESIDE
    replies.put(key, Reply(response.status_code, headers, reusable, match.route), size)
