"""The operator's console: the admin's first page, and the part of that page that the browser
updates."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from syncjobs.admin import console_state, throughput

# Permission → the parts that it shows: the template's name of each part, and the function that
# reads it.
PARTS: dict[str, dict[str, Callable[[], Any]]] = {
    "syncjobs.view_syncrun": {"running": console_state.running, "workers": console_state.workers},
    "graph.view_viewrefresh": {"view": console_state.view},
    "syncjobs.view_duty": {"tasks": console_state.tasks},
    "syncjobs.view_jobfailure": {"groups": console_state.groups},
    "syncjobs.view_syncconnection": {"connections": console_state.connections_by_state},
}


def state(request: HttpRequest) -> dict[str, Any]:
    """The template's variables for the parts of the console that this person may see, by name.
    Empty if the person may see none."""
    parts: dict[str, Any] = {}
    for permission, readers in PARTS.items():
        if request.user.has_perm(permission):
            parts |= {name: read() for name, read in readers.items()}
    if request.user.has_perm("syncjobs.view_syncrun"):
        active = console_state.active()
        parts |= {"active": active, "charts": throughput.charts(active.as_of)}
    return parts


def landing_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK: adds the console to the context of the first page."""
    return {**context, "console": state(request)}


@require_safe
@never_cache
def update(request: HttpRequest) -> HttpResponse:
    """The console without the page around it."""
    return TemplateResponse(request, "syncjobs/console/state.html", {"console": state(request)})
