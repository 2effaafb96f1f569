"""Decides which person sees a page, with which tenant's data and in which role."""

import math
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, cast

import adbc_driver_manager
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control

from finley.auth import members
from finley.auth.members import Access
from finley.models import Role, User
from finley.web.words import sources
from graph.api.errors import timed_out
from graph.database import deadlines
from graph.errors import (
    GraphError,
    Later,
    NotFound,
    QuestionError,
    TookTooLong,
    TooMany,
    ViewError,
)

SAFE = ("GET", "HEAD", "OPTIONS")
NOTHING_DONE = f"Nothing was done. {members.NO_LONGER} From now on you see your own."
SESSION_RESUME = "resume"
MOST_RESUMED = 100_000  # characters of a form that are kept during a sign-in


class PageRequest(HttpRequest):
    """A request to a page by a person who is signed in."""

    access: Access


Page = Callable[Concatenate[PageRequest, ...], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, ...], HttpResponseBase]


def page(needs: Role = Role.VIEWER) -> Callable[[Page], View]:
    """Make a decorator for views of signed-in people who have at least the role `needs`.

    Others are asked to sign in; a form that they sent is kept until they have. Errors of the graph
    become pages: NotFound 404, TooMany 429, a view that is not ready and a time limit 503, others
    400. NULs, which PostgreSQL refuses in texts, are removed from forms. A form is refused (403) if
    the person may no longer see the data that the session chose.
    """

    def decorated(view: Page) -> View:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _ask_to_sign_in(request)
            page_request = cast(PageRequest, request)
            page_request.access = current(request)
            if page_request.access.fell_back and _forgot_choice(page_request):
                return render(request, "web/refused.html", {"error": NOTHING_DONE}, status=403)
            _take_out_nuls(request)
            response = _answer(view, needs, page_request, *args, **options)
            patch_cache_control(response, private=True, no_store=True)
            return response

        return answered

    return decorated


def _forgot_choice(request: PageRequest) -> bool:
    """Let the session read the person's own data from now on, because the person may no longer see
    the chosen tenant's. Return True if the request sends a form, which has to be refused."""
    request.session.pop(members.SESSION_TENANT, None)
    if request.method not in SAFE:
        return True
    messages.warning(request, f"{members.NO_LONGER} This is your own.")
    return False


def _take_out_nuls(request: HttpRequest) -> None:
    if request.method != "POST" or not any("\0" in text for text in _texts(request.POST)):
        return
    form = request.POST.copy()
    for name, values in request.POST.lists():
        form.setlist(name, [str(value).replace("\0", "") for value in values])
    setattr(request, "POST", form)  # noqa: B010 - its type is that of an immutable form


def _texts(form: QueryDict) -> Iterator[str]:
    return (str(value) for _, values in form.lists() for value in values)


def _answer(
    view: Page,
    needs: Role,
    request: PageRequest,
    *args: Any,
    **options: Any,
) -> HttpResponseBase:
    """Call the view and return its response, or a page about its error. The time limit of a
    question applies. Changes that are not committed by then are rolled back."""
    if not request.access.role.includes(needs):
        raise PermissionDenied(f"This needs the role {needs}; you have {request.access.role}.")
    try:
        seconds = settings.QUESTIONS["request_seconds"]
        with deadlines.seconds(seconds), sources.of_tenant(request.access.tenant_id):
            return view(request, *args, **options)
    except (OperationalError, adbc_driver_manager.Error) as error:
        if not timed_out(error):
            raise
        return _error_page(request, TookTooLong())
    except GraphError as error:
        return _error_page(request, error)


def _error_page(request: HttpRequest, error: GraphError) -> HttpResponse:
    if isinstance(error, NotFound):
        raise Http404(str(error)) from error
    template = "web/refused.html"
    if isinstance(error, TookTooLong):
        template = "web/took_too_long.html"
    elif isinstance(error, ViewError):
        template = "web/not_ready.html"
    response = render(request, template, {"error": error}, status=_status(error))
    if isinstance(error, Later):
        response["Retry-After"] = str(math.ceil(error.after))
    return response


def _status(error: GraphError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, TooMany):
        return 429
    return 503 if isinstance(error, Later | ViewError) else 400


def current(request: HttpRequest) -> Access:
    """The tenant that the person's session has chosen, if the person may still see it; otherwise
    the person's own tenant."""
    person = request.user
    assert isinstance(person, User)  # noqa: S101 - the caller has seen to it
    return members.access(person, request.session)


def require_same_tenant(request: PageRequest, *, must_name: bool = False) -> None:
    """Raises QuestionError if a form names another tenant than the session's current one.

    With `must_name`, a form that names none is refused, too.
    """
    access = request.access
    named = request.POST.get("tenant", "" if must_name else str(access.tenant_id))
    if named != str(access.tenant_id):
        raise QuestionError(
            f"Nothing was done: you look at the data of {access.tenant} now, and this form was "
            "opened for another's. Load the page again.",
            "tenant",
        )


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
    """Store the texts of the form in the session, to be shown again after the sign-in. Files are
    not stored; the person has to choose them again."""
    fields = [
        [name, value]
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    if sum(len(name) + len(str(value)) for name, value in fields) <= MOST_RESUMED:
        request.session[SESSION_RESUME] = {"path": request.path, "fields": fields}
