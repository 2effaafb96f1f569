"""Staff's work is done as the owning role; everything else as the application's."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from finley.routers import as_owner


class OwnerForStaff:
    """Runs requests under the admin's prefix, and the dead letters', inside `as_owner()`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith((reverse("admin:index"), reverse("job-failures"))):
            return self.get_response(request)
        with as_owner():
            return self.get_response(request)
