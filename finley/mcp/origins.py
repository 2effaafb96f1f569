"""Which hosts and origins may reach the door: against DNS rebinding, checked in every request.

A page of a stranger can make a browser send requests to a server on localhost. It cannot change
the Host and Origin headers, which name the stranger's site.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import PermissionDenied


def check(request: HttpRequest) -> None:
    """Raises PermissionDenied for a host that FINLEY_ALLOWED_HOSTS does not name (`*` names none),
    and for an Origin that is neither this host's nor one of FINLEY_CORS_ORIGINS or
    FINLEY_TRUSTED_ORIGINS."""
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
