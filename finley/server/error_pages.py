"""Responses to errors outside of views: problem objects under /api/, Django's pages elsewhere."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views import defaults

from finley.web import access
from graph.http import problems


def _problem(status: int, detail: str) -> JsonResponse:
    body = problems.body(status, detail)
    return JsonResponse(body, status=status, content_type=problems.MEDIA_TYPE)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/mcp"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 400, because Django cannot parse the request."""
    if _is_api(request):
        return _problem(400, "The request cannot be read. Its host, headers or form are invalid.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 403, because the person may not do this."""
    if _is_api(request):
        return _problem(403, "You are not allowed to do that.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404, because no view has this URL. A signed-in person gets the page with the
    navigation."""
    if _is_api(request):
        return _problem(404, "There is nothing at this address. See /api/docs/ for all addresses.")
    if (
        not hasattr(request, "access")
        and getattr(request, "user", AnonymousUser()).is_authenticated
    ):
        setattr(request, "access", access.current(request))  # noqa: B010 - pages' requests have it
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, *_: Any) -> HttpResponseBase:
    """Answer 500 after an unexpected error. The log has the error under the request's id; the
    response does not."""
    if _is_api(request):
        return _problem(500, "An error on our side. The log has details under this request_id.")
    return defaults.server_error(request)
