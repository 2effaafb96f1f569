"""ETags and stored answers: a request gets 304 or a stored answer while the version is the same.

The version is read before the answer, so an answer may be newer than its version, but never older.
While the tenant's version stays the same, the process returns a stored answer to an equal request.
"""

from collections.abc import Hashable
from datetime import date
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from graph import metrics
from graph.api.json_object import JsonObject
from graph.api.tenant_view import TenantView
from graph.http.tenant_request import Reusable, TenantRequest
from graph.reading import memory_cache
from graph.view import version as view_version

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="An answer's ETag, for status 304"
)
JSON = "application/json"
BESIDE = 1000  # bytes of memory per stored answer, in addition to the answer and its key
NOT_MODIFIED = {304: OpenApiResponse(description="Your graph has not changed since")}


class _AnsweredEarly(Exception):
    """Carries a response out of `initial`, so that the view's method does not run."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


class Versioned(TenantView):
    """The base of GET endpoints whose answer depends on the version of the tenant's data.

    The body has the version as `as_of_version`, and the ETag is derived from it. If the request's
    If-None-Match has this ETag, the response is 304 before anything is computed. If the process has
    stored the answer to an equal request at this version, the response is that answer.
    """

    day: date | None = None  # the tenant's current day, if the answer depends on it
    zone: str | None = None  # the tenant's time zone, if the answer depends on it

    def variant(self) -> str:
        """Return a text that distinguishes this representation from others with the same URL."""
        return "" if self.zone is None else f"-{self.zone}"

    def before_stored_answer(self, request: Request) -> None:
        """Determine what a stored answer and a 304 depend on, and their headers. It is called
        after the version was read."""

    def read_version(self, user_id: UUID) -> str:
        """Return the version of the tenant's data. It is called before anything else is read."""
        return view_version.version(user_id)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.version = self.read_version(self.tenant(request))
        if request.method not in {"GET", "HEAD"}:
            return
        self.before_stored_answer(request)
        if _client_has(request, etag(self.version, self.variant())):
            view_version.confirm(self.tenant(request))
            metrics.answered("unchanged")
            raise _AnsweredEarly(HttpResponseNotModified())
        if (body := memory_cache.answers.get(self._cache_key(request))) is not None:
            view_version.confirm(self.tenant(request))
            metrics.answered("kept")
            raise _AnsweredEarly(HttpResponse(body, content_type=JSON))
        metrics.answered("computed")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, _AnsweredEarly):
            return cast(Response, exc.response)
        if isinstance(exc, view_version.StateChanged):
            raise exc
        return super().handle_exception(exc)

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> Response:
        has_version = hasattr(self, "version") and not response.streaming
        if has_version and response.status_code in {200, 304}:
            view_version.confirm(self.tenant(request))
            response.headers["ETag"] = etag(self.version, self.variant())
            response.headers["Cache-Control"] = "private, no-cache"
            self._mark_reusable(request, response.status_code)
        if has_version and response.status_code == 200 and isinstance(response, Response):
            response.data = _with_version(response.data, self.version)
            if request.method == "GET" and "Content-Location" not in response.headers:
                cache_key = self._cache_key(request)
                response.add_post_render_callback(
                    lambda rendered: _keep(cache_key, rendered.content)
                )
        # A view may return any response, but the REST framework's types know only its own.
        return super().finalize_response(request, cast(Response, response), *args, **kwargs)

    def _mark_reusable(self, request: Request, status: int) -> None:
        tenant_id = self.tenant(request)
        if (moment := view_version.moment(tenant_id)) is not None:
            answer = self._cache_key(request) if status == 200 else None
            reusable = Reusable(tenant_id, moment, self.day, self.zone, answer)
            cast(TenantRequest, request._request).reusable = reusable

    def _cache_key(self, request: Request) -> Hashable:
        """Return the key under which the process stores the answer to an equal request.

        A request that prefers a worker's answer has a key of its own.
        """
        prefer = request.headers.get("Prefer", "")
        return self.tenant(request), self.version, request.get_full_path(), self.variant(), prefer


def _with_version(body: Any, version: str) -> Any:
    """Return the answer's body, a dict or a JsonObject, with the field `as_of_version` added."""
    if isinstance(body, JsonObject):
        return body.beside(as_of_version=version)
    return {**body, "as_of_version": version}


def etag(version: str, variant: str = "") -> str:
    """Return the value of the ETag header for a version and a variant of its answer.

    It is a weak tag (RFC 9110, 8.8.1): the content is equal, but perhaps not every byte.
    """
    return f'W/"{version}-{settings.SPECTACULAR_SETTINGS["VERSION"]}{variant}"'


@cache
def of(answer: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return a subclass of the answer's serializer with the field `as_of_version` added, for the
    schema."""
    field = serializers.CharField(
        read_only=True, help_text="What it was read at, for changes/?since="
    )
    return type(f"Current{answer.__name__}", (answer,), {"as_of_version": field})


def _client_has(request: Request, tag: str) -> bool:
    """Return whether the request's If-None-Match header has this tag. Weak and strong tags count as
    equal."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return any(client_tag.removeprefix("W/") == tag.removeprefix("W/") for client_tag in tags)


def _keep(cache_key: Hashable, body: bytes) -> None:
    memory_cache.answers.put(cache_key, body, len(body) + len(str(cache_key)) + BESIDE)
