"""Admin pages of job failures: search, details, replay and settling."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from graph.admin.paginator import ReadOnly
from syncjobs.admin import confirmation
from syncjobs.admin.actions import ACTIONS, Action, address_of, allowed, buttons
from syncjobs.admin.failure_filters import FILTERS
from syncjobs.admin.failure_groups import STATES, GroupList, matrix
from syncjobs.admin.page_links import failures, link
from syncjobs.admin.saved_filters import WithSavedFilters
from syncjobs.failures import groups, replay, search, timeline
from syncjobs.failures.masking import indented_json
from syncjobs.models import JobFailure, SyncConnection, SyncRun

MOST_SHOWN = 160  # characters of an error in the list
FACTS = (
    "function",
    "location",
    "error_class",
    "provider",
    "the_connection",
    "the_run",
    "the_group",
    "tries",
    "first_failed_at",
    "last_failed_at",
    "settled_at",
    "user_id",
    "correlation_id",
    "job_id",
    "id",
)


def _action(action: Action) -> Callable[..., HttpResponse]:
    """The list's action: a function that shows the confirmation page for the selected rows."""

    def chosen(
        table: "JobFailureAdmin", request: HttpRequest, queryset: QuerySet[JobFailure]
    ) -> HttpResponse:
        rows = confirmation.chosen_of(queryset, request.get_full_path())
        return confirmation.ask(request, action, rows)

    chosen.__name__ = action.name
    description = f"{action.title}…"
    return admin.action(permissions=[action.may], description=description)(chosen)


@admin.register(JobFailure)
class JobFailureAdmin(WithSavedFilters, ReadOnly):
    """Failures are written by programs. A person can replay or settle them, but not edit them."""

    list_display = (
        "sentence",
        "state",
        "provider",
        "function",
        "error_class",
        "tries",
        "last_failed_at",
        "user_id",
    )
    list_filter = FILTERS
    list_filter_submit = True
    ordering = ("-last_failed_at", "-pk")
    fields = FACTS
    readonly_fields = FACTS
    raw_id_fields = ("run",)
    actions = tuple(_action(action) for action in ACTIONS.values())
    list_before_template = "syncjobs/failures_above.html"
    other_parameters = ("fingerprint",)
    change_form_outer_before_template = "syncjobs/failure.html"
    list_fullwidth = True
    search_help_text: ClassVar[str | None] = (
        "A text in its error or payload (in the newest 10,000 that the filters leave); the exact "
        "fingerprint, job, correlation, run or connection; its id; its tenant's id or e-mail "
        "address. A search looks in all states."
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("syncjobs/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("payload", "payload_history", "traceback")

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            safe = self.admin_site.admin_view(view)
            pattern: URLPattern = path(route, safe, name=f"syncjobs_jobfailure_{name}")
            return pattern

        return [
            page("groups/", require_safe(self.groups_view), "groups"),
            page("act/<str:name>/", require_http_methods(["GET", "POST"])(self.act_view), "act"),
            *super().get_urls(),
        ]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return ACTIONS["replay"].allowed_to(request.user)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return ACTIONS["resolve"].allowed_to(request.user)

    # The list, and the same failures by group.

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        for name in request.POST.getlist("action"):
            if name in ACTIONS:
                confirmation.permitted(request, name)
        query = request.GET.copy()
        query.pop("p", None)
        above = {
            "matrix": matrix(groups.counts()),
            "states": STATES,
            "query": query.urlencode(),
            "grouped": _is_grouped(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, above)

    def groups_view(self, request: HttpRequest) -> HttpResponse:
        here = request.get_full_path()
        offered = [(action, address_of(action, back=here)) for action in allowed(request.user)]
        response = self.changelist_view(
            request, {"title": "Job failures by what went wrong", "group_actions": offered}
        )
        if isinstance(response, TemplateResponse):
            response.template_name = "syncjobs/groups.html"
        return response

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        if _is_grouped(request):
            return GroupList
        return super().get_changelist(request, **kwargs)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "fingerprint" or super().lookup_allowed(lookup, value, request)

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        return search.named(queryset, text)

    @admin.display(description="error")
    def sentence(self, failure: JobFailure) -> str:
        more = "…" if len(failure.error) > MOST_SHOWN else ""
        return f"{failure.error[:MOST_SHOWN]}{more}"

    @admin.display(description="status")
    def state(self, failure: JobFailure) -> str:
        return format_html('<span class="state state-{0}">{0}</span>', failure.status)

    # one failure

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        failure = self.get_object(request, object_id)
        details = _details(request, failure) if failure else {}
        context = {**details, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="run")
    def the_run(self, failure: JobFailure) -> str:
        return link(SyncRun, failure.run_id)

    @admin.display(description="connection")
    def the_connection(self, failure: JobFailure) -> str:
        key = replay.connection_of(failure)
        row = SyncConnection.objects.defer("cursor").filter(pk=key).first() if key else None
        return link(SyncConnection, key, row) if row else failure.connection_id or "-"

    @admin.display(description="group")
    def the_group(self, failure: JobFailure) -> str:
        place = failures(fingerprint=failure.fingerprint)
        text = failure.fingerprint or "no fingerprint"
        return format_html('<a class="text-link" href="{}">All like this: {}</a>', place, text)

    # acting

    def act_view(self, request: HttpRequest, name: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        response = confirmation.act(request, name)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data["media"] = self.media
        return response


def _is_grouped(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.url_name == "syncjobs_jobfailure_groups"


def _details(request: HttpRequest, failure: JobFailure) -> dict[str, Any]:
    """The template context of the failure's page, in addition to its fields."""
    history = [
        {**was, "payload": indented_json(was.get("payload"))} for was in failure.payload_history
    ]
    runs = timeline.runs_of(failure)
    return {
        "failure": failure,
        "advice": timeline.advice(failure),
        "runs": runs,
        "traceback": "" if timeline.tells(runs, failure.traceback) else failure.traceback,
        "payload": indented_json(failure.payload),
        "history": history[::-1],
        "buttons": buttons(request.user, failure, back=request.path),
    }
