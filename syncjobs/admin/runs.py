"""Admin pages of runs, attempts, items and periodic tasks, which programs write."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from graph.admin.paginator import ReadOnly, ids_with
from graph.admin.readonly_fields import as_json
from syncjobs import reread_items
from syncjobs.admin import durations, run_filters, selected_actions
from syncjobs.admin.page_links import link
from syncjobs.admin.saved_filters import WithSavedFilters
from syncjobs.failures import timeline
from syncjobs.models import Duty, ExternalItem, JobAttempt, JobFailure, SyncConnection, SyncRun
from syncjobs.models.choices import ACTIVE


class ReadOnlyTable(ReadOnly):
    """A read-only admin list in the style of the failures' pages."""

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("syncjobs/admin.css",)}

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"syncjobs.change_{self.opts.model_name}"))

    def operations(self, row: Any) -> list[str]:
        """The names of the actions that may be done on the row now."""
        return []

    def buttons(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The context of syncjobs/operate.html: buttons that do the list's actions on this row
        alone."""
        if row is None or not self.has_operate_permission(request):
            return {}
        titles = {name: title for name, title in self.get_action_choices(request) if name}
        place = reverse(f"admin:syncjobs_{self.opts.model_name}_changelist")
        return {
            "operations": [(name, titles[name]) for name in self.operations(row)],
            "operations_at": f"{place}?q={row.pk}",
        }

    @admin.display(description="connection")
    def the_connection(self, row: Any) -> str:
        return link(SyncConnection, row.connection_id, row.connection)


def _took(start: datetime | None, end: datetime | None) -> str:
    """The duration from start to end, or until now, as text; a dash if it has not started."""
    return durations.text(((end or timezone.now()) - start).total_seconds() if start else None)


def badge(status: str, text: str = "") -> str:
    return format_html('<span class="state state-{}">{}</span>', status, text or status)


@admin.register(SyncRun)
class SyncRunAdmin(WithSavedFilters, ReadOnlyTable):
    list_display = (
        "function",
        "state",
        "the_connection",
        "requested_by",
        "tries",
        "created_at",
        "took",
        "sentence",
        "user_id",
    )
    list_filter = run_filters.RUNS
    list_before_template = "syncjobs/list_above.html"
    list_filter_submit = True
    actions = ("cancel",)
    list_select_related = ("connection",)
    list_fullwidth = True
    ordering = ("-created_at", "-id")
    raw_id_fields = ("connection", "replay_of")
    indexed = ("connection_id", "replay_of_id")
    change_form_outer_before_template = "syncjobs/run.html"
    readonly_fields = (
        "id",
        "state",
        "error",
        "function",
        "the_connection",
        "the_failure",
        "the_original",
        "trigger",
        "tries",
        as_json("progress"),
        as_json("payload"),
        "created_at",
        "enqueued_at",
        "next_try_at",
        "started_at",
        "finished_at",
        "cancel_requested_at",
        "worker",
        "lease_until",
        "fence",
        "job_id",
        "correlation_id",
        "user_id",
    )
    fields = readonly_fields
    search_help_text = (
        "The id of a run, a connection, a failure that it replays or a tenant; a tenant's e-mail "
        "address; an arq job's id."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("connection__cursor")

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        return queryset.filter(job_id=text)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        runs = timeline.with_attempts(SyncRun.objects.filter(pk=run.pk)) if run else []
        context = {"runs": runs, **self.buttons(request, run), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def operations(self, run: SyncRun) -> list[str]:
        return ["cancel"] if run.status in ACTIVE else []

    @admin.action(description="Cancel", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        selected_actions.carry_out(self, request, queryset, selected_actions.cancel)

    @admin.display(description="status")
    def state(self, run: SyncRun) -> str:
        return badge(run.status)

    @admin.display(description="took")
    def took(self, run: SyncRun) -> str:
        return _took(run.started_at, run.finished_at)

    @admin.display(description="trigger")
    def requested_by(self, run: SyncRun) -> str:
        return run.trigger

    @admin.display(description="error")
    def sentence(self, run: SyncRun) -> str:
        return run.error[:100]

    @admin.display(description="failure")
    def the_failure(self, run: SyncRun) -> str:
        failure = JobFailure.objects.filter(run=run).only("pk", "function", "error").first()
        return link(JobFailure, failure.pk, failure) if failure else "-"

    @admin.display(description="replay of")
    def the_original(self, run: SyncRun) -> str:
        return link(JobFailure, run.replay_of_id)


@admin.register(JobAttempt)
class JobAttemptAdmin(WithSavedFilters, ReadOnlyTable):
    list_display = (
        "__str__",
        "the_run",
        "worker",
        "started_at",
        "took",
        "error_class",
        "user_id",
    )
    list_filter = run_filters.ATTEMPTS
    list_before_template = "syncjobs/list_above.html"
    list_filter_submit = True
    list_select_related = ("run",)
    ordering = ("-started_at", "-id")
    raw_id_fields = ("run",)
    indexed = ("run_id",)
    fields = (
        "the_run",
        "fence",
        "try_number",
        "state",
        "worker",
        "started_at",
        "ended_at",
        "retry_after",
        "error_class",
        "error",
        "whole_traceback",
        "user_id",
    )
    readonly_fields = ("the_run", "state", "whole_traceback")
    search_help_text = "The id of an attempt, a run or a tenant, or a tenant's e-mail address."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("traceback", "run__payload", "run__log")

    @admin.display(description="run")
    def the_run(self, attempt: JobAttempt) -> str:
        return link(SyncRun, attempt.run_id, attempt.run.function)

    @admin.display(description="took")
    def took(self, attempt: JobAttempt) -> str:
        return _took(attempt.started_at, attempt.ended_at)

    @admin.display(description="outcome")
    def state(self, attempt: JobAttempt) -> str:
        return badge(attempt.outcome, str(attempt.get_outcome_display()))

    @admin.display(description="traceback")
    def whole_traceback(self, attempt: JobAttempt) -> str:
        return format_html("<pre>{}</pre>", attempt.traceback)


@admin.register(ExternalItem)
class ExternalItemAdmin(ReadOnlyTable):
    list_display = (
        "external_id",
        "name",
        "kind",
        "the_connection",
        "used_as",
        "revision",
        "modified_at",
        "deleted_at",
        "user_id",
    )
    list_filter = ("kind", "used_as")
    actions = ("read_again",)
    list_select_related = ("connection",)
    ordering = ("connection_id", "external_id")
    raw_id_fields = ("connection",)
    indexed = ("connection_id",)
    readonly_fields = ("the_connection", as_json("metadata"))
    fields = (
        "id",
        "external_id",
        "name",
        "kind",
        "the_connection",
        "parent_id",
        "used_as",
        "failures",
        "note",
        as_json("metadata"),
        "content_hash",
        "revision",
        "generation",
        "modified_at",
        "created_at",
        "updated_at",
        "deleted_at",
        "user_id",
    )
    search_help_text = (
        "The provider's exact id; the id of an item, a connection or a tenant, or a tenant's "
        "e-mail address."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("connection__cursor", "metadata")

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        ids = ids_with(self.model, {"external_id": ("connection_id",)}, text)
        return queryset.filter(pk__in=ids)

    @admin.action(description="Read again", permissions=["replay"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Request a sync that reads the unreadable and the held items again."""
        count, runs = reread_items.read_again(list(queryset.values_list("pk", flat=True)))
        messages.info(request, f"{count} items are read again, by {runs} new syncs.")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("syncjobs.replay_jobfailure"))


@admin.register(Duty)
class DutyAdmin(ReadOnlyTable):
    list_display = ("name", "due_at", "started_at", "finished_at", "worker", "sentence")
    ordering = ("name",)
    fields = (
        "name",
        "due_at",
        "started_at",
        "finished_at",
        "worker",
        "lease_until",
        as_json("found"),
        "error",
    )
    readonly_fields = (as_json("found"),)
    search_fields = ("name",)
    search_help_text = "Its name."

    def identified(self, word: str) -> Q | None:
        return None

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        return queryset.filter(pk=text)

    @admin.display(description="error")
    def sentence(self, duty: Duty) -> str:
        return duty.error[:100]
