"""Answers that say what they were read at, and requests for nothing but what is newer.

The version is read before the answer is: an answer may be newer than it says, never older.
"""

from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from graph import changes
from graph.api.asked import Asked

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="An answer's ETag: 304 if it holds"
)
NOT_MODIFIED = {304: OpenApiResponse(description="Nothing of your graph has changed since")}


class Versioned(Asked):
    """GET: `as_of_version` in the body, an ETag, and 304 before anything is computed."""

    def variant(self) -> str:
        """What tells this representation from the others of the same address."""
        return ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.version = changes.version(self.tenant(request))
        if etag(self.version, self.variant()) in _known(request):
            for method in ("get", "head"):  # what is to answer is looked up after this
                setattr(self, method, _not_modified)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        told = isinstance(response, Response) and hasattr(self, "version")  # else it is a stream
        if told and response.status_code in {200, 304}:
            response.headers["ETag"] = etag(self.version, self.variant())
            response.headers["Cache-Control"] = "private, no-cache"
            if isinstance(response.data, dict):
                response.data = {**response.data, "as_of_version": self.version}
        answered: Response = super().finalize_response(request, response, *args, **kwargs)
        return answered


def etag(version: str, variant: str = "") -> str:
    """Weak (RFC 9110, 8.8.1): the same graph, but perhaps not to the byte."""
    return f'W/"{version}-{settings.SPECTACULAR_SETTINGS["VERSION"]}{variant}"'


@cache
def of(answer: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The answer's shape with its version."""
    field = serializers.CharField(
        read_only=True, help_text="What it was read at, for changes/?since="
    )
    return type(f"Current{answer.__name__}", (answer,), {"as_of_version": field})


def _known(request: Request) -> set[str]:
    """The entity tags that the client has; weak and strong ones compare alike here."""
    tags = (each.strip() for each in request.headers.get("If-None-Match", "").split(","))
    return {tag if tag.startswith("W/") else f"W/{tag}" for tag in tags}


def _not_modified(request: Request, *args: Any, **kwargs: Any) -> Response:
    return Response(status=304)
