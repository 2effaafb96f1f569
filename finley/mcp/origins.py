"""Checks the host and the origin of every MCP request, against DNS rebinding.

A stranger's page can make a browser send requests to a server on localhost. It cannot change the
headers Host and Origin, which name the stranger's site.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import PermissionDenied


def check(request: HttpRequest) -> None:
    """Raises PermissionDenied if finley does not allow the request's host or origin.

    FINLEY_ALLOWED_HOSTS must name the host; the value `*` allows no host here. An Origin must be
    the same host's, or one of FINLEY_CORS_ORIGINS or FINLEY_TRUSTED_ORIGINS.
    """
    host = request.get_host()
    if not _is_named(host):
        raise PermissionDenied("This host is not one of FINLEY_ALLOWED_HOSTS.")
    origin = request.headers.get("Origin")
    if origin is not None and not _may_ask(origin, host):
        raise PermissionDenied("This origin is not one of FINLEY_CORS_ORIGINS.")


def _is_named(host: str) -> bool:
    named = [pattern for pattern in settings.ALLOWED_HOSTS if pattern != "*"]
    return validate_host(split_domain_port(host)[0], named)


def _may_ask(origin: str, host: str) -> bool:
    if origin in (*settings.CORS_ALLOWED_ORIGINS, *settings.CSRF_TRUSTED_ORIGINS):
        return True
    parts = urlsplit(origin)
    return parts.scheme in {"http", "https"} and parts.netloc == host
