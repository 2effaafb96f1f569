"""Who looks at a page, at whose data, in which role."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, Concatenate

import adbc_driver_manager
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control

from finley.auth import members
from finley.auth.members import Access
from finley.models import Role, User
from graph.api.errors import timed_out
from graph.database import deadlines
from graph.errors import GraphError, NotFound, TookTooLong, ViewMissing, ViewUnpopulated

SESSION_RESUME = "resume"
MOST_RESUMED = 100_000  # characters of a form that are kept over a sign-in


class PageRequest(HttpRequest):
    """A request to a page: somebody is signed in."""

    access: Access


Page = Callable[Concatenate[PageRequest, ...], HttpResponse]
View = Callable[Concatenate[HttpRequest, ...], HttpResponse]


def page(needs: Role = Role.VIEWER) -> Callable[[Page], View]:
    """A view for people who are signed in and have this role.

    Others are asked to sign in, and a form that they sent is kept over that. Errors of the graph
    become pages: NotFound a 404, a view that is not ready and a question that reached its time
    limit a 503, any other a 400.
    """

    def decorated(view: Page) -> View:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _ask_to_sign_in(request)
            request.access = current(request)  # type: ignore[attr-defined]
            response = _answer(view, needs, request, *args, **options)  # type: ignore[arg-type]
            patch_cache_control(response, private=True, no_store=True)
            return response

        return answered

    return decorated


def _answer(
    view: Page, needs: Role, request: PageRequest, *args: Any, **options: Any
) -> HttpResponse:
    if not request.access.role.includes(needs):
        raise PermissionDenied(f"This needs the role {needs}; you have {request.access.role}.")
    try:
        with _deadline(request):
            return view(request, *args, **options)
    except (TookTooLong, OperationalError, adbc_driver_manager.Error) as error:
        if not isinstance(error, TookTooLong) and not timed_out(error):
            raise
        response = render(request, "web/took_too_long.html", status=503)
        response["Retry-After"] = "10"
        return response
    except NotFound as error:
        raise Http404(str(error)) from error
    except (ViewMissing, ViewUnpopulated):
        return render(request, "web/not_ready.html", status=503)
    except GraphError as error:
        return render(request, "web/refused.html", {"error": error}, status=400)


def _deadline(request: PageRequest) -> AbstractContextManager[None]:
    """Reading has the same limit as the API's questions; a form's changes are not cut short."""
    if request.method in {"GET", "HEAD"}:
        return deadlines.seconds(settings.QUESTIONS["request_seconds"])
    return nullcontext()


def current(request: HttpRequest) -> Access:
    """The session's tenant, if the person may still see it; otherwise the person's own."""
    person = request.user
    assert isinstance(person, User)  # noqa: S101 - the caller has seen to it
    return members.access(person, request.session)


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    following = request.get_full_path()
    if request.method == "POST":
        _keep_form(request)
        following = reverse("resume")
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = redirect_to_login(following)["Location"]
        return response
    return redirect_to_login(following)


def _keep_form(request: HttpRequest) -> None:
    """What was typed is shown again after the sign-in; files have to be chosen again."""
    fields = [
        [name, value]
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    if sum(len(name) + len(str(value)) for name, value in fields) <= MOST_RESUMED:
        request.session[SESSION_RESUME] = {"path": request.path, "fields": fields}
