"""What answers where no view does: problems under /api/, Django's pages elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views import defaults

from graph.http import problems


def _problem(status: int, detail: str) -> JsonResponse:
    body = problems.body(status, detail)
    return JsonResponse(body, status=status, content_type=problems.MEDIA_TYPE)


def _asked_the_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """400: Django could not make sense of the request itself."""
    if _asked_the_api(request):
        return _problem(400, "The request cannot be read: its host, headers or form are wrong.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """403."""
    if _asked_the_api(request):
        return _problem(403, "You may not do that.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404: no view has this address."""
    if _asked_the_api(request):
        return _problem(404, "Nothing is at this address: /api/docs/ lists those that there are.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, *_: Any) -> HttpResponseBase:
    """500: the log has the error under the request's id; the answer has nothing of it."""
    if _asked_the_api(request):
        return _problem(500, "That is our fault. The log knows more under this request_id.")
    return defaults.server_error(request)
