"""Admin pages of bulk replays: the state of each failure, updated while it runs, and a stop
button."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from graph.admin.paginator import ReadOnly
from syncjobs.admin import durations, run_filters
from syncjobs.admin.actions import ACTIONS
from syncjobs.failures import bulk_replay
from syncjobs.models import ReplayBatch, ReplayItem
from syncjobs.models.choices import ReplayState

SHOWN = 100  # items of a page
STATES = {  # the order in which a person looks for them
    ReplayState.FAILED: "failed again",
    ReplayState.SKIPPED: "skipped",
    ReplayState.STARTED: "replaying",
    ReplayState.WAITING: "waiting",
    ReplayState.SUCCEEDED: "succeeded",
    ReplayState.STOPPED: "not started",
}


def page_of(batch_id: UUID) -> str:
    return reverse("admin:syncjobs_replaybatch_change", args=[batch_id])


@admin.register(ReplayBatch)
class ReplayBatchAdmin(ReadOnly):
    list_display = ("__str__", "by_name", "per_minute", "created_at", "stopped_at", "ended_at")
    list_filter = run_filters.BULK_REPLAYS
    list_filter_submit = True
    ordering = ("-created_at",)
    search_help_text = "Its id."

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {
            "all": ("syncjobs/admin.css", "syncjobs/console.css")
        }
        js = ("syncjobs/console.js",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("syncjobs.view_jobfailure"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def identified(self, word: str) -> Q | None:
        return None

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        try:
            return queryset.filter(pk=UUID(text))
        except ValueError:
            return queryset.none()

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            safe = self.admin_site.admin_view(view)
            pattern: URLPattern = path(route, safe, name=f"syncjobs_replaybatch_{name}")
            return pattern

        live = require_safe(never_cache(self.progress_view))
        return [
            page("<uuid:batch_id>/progress/", live, "progress"),
            page("<uuid:batch_id>/stop/", require_POST(self.stop_view), "stop"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        batch = self._batch(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": str(batch).capitalize(),
            "opts": self.opts,
            "media": self.media,
            "live": request.GET.urlencode(),
            **_state_of(batch, request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "syncjobs/bulk_replay.html", context)

    def progress_view(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        context = _state_of(self._batch(request, batch_id), request)
        return TemplateResponse(request, "syncjobs/bulk_replay_progress.html", context)

    def stop_view(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        batch = self._batch(request, batch_id)
        if not ACTIONS["replay"].allowed_to(request.user):
            raise PermissionDenied
        count = bulk_replay.stop(batch.pk)
        self.log_change(request, batch, "Stopped.")
        messages.success(request, f"Stopped. {count:,} are not started; started ones go on.")
        return HttpResponseRedirect(page_of(batch.pk))

    def _batch(self, request: HttpRequest, batch_id: UUID | str) -> ReplayBatch:
        """Read the bulk replay of this id. Raises PermissionDenied if the person may not view it,
        and Http404 if there is none."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch: ReplayBatch | None = self.get_object(request, str(batch_id))
        if batch is None:
            raise Http404("There is no such bulk replay.")
        return batch


def _state_of(batch: ReplayBatch, request: HttpRequest) -> dict[str, Any]:
    progress = bulk_replay.progress(batch.pk)
    chosen = request.GET.get("state", "")
    state = chosen if chosen in ReplayState.values else ""
    number = _page(request)
    items = _items(batch, state)[(number - 1) * SHOWN : number * SHOWN + 1]
    return {
        "batch": batch,
        "progress": progress,
        "percent": 100 * progress.done // max(progress.total, 1),
        "took": durations.text(_seconds(batch)),
        "tiles": [(kind.value, words, getattr(progress, kind)) for kind, words in STATES.items()],
        "state": state,
        "items": list(items[:SHOWN]),
        "page": number,
        "has_more": len(items) > SHOWN,
    }


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), 1_000) if text.isascii() and text.isdigit() else 1


def _items(batch: ReplayBatch, state: str) -> "QuerySet[ReplayItem]":
    rows = ReplayItem.objects.filter(batch=batch).select_related("failure").order_by("position")
    rows = rows.defer("failure__payload", "failure__payload_history", "failure__traceback")
    return rows.filter(state=state) if state else rows


def _seconds(batch: ReplayBatch) -> float | None:
    return (batch.ended_at - batch.created_at).total_seconds() if batch.ended_at else None
