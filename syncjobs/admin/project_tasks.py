"""The admin page of a project's tasks. A failed task is replayed from its job failure."""

import json
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.utils.html import format_html, format_html_join

from graph.admin.paginator import ReadOnly
from syncjobs.admin import run_filters
from syncjobs.admin.page_links import link
from syncjobs.admin.runs import badge
from syncjobs.failures.masking import indented_json
from syncjobs.models import JobFailure, ProjectTask

STATES = {
    "READY": "queued",
    "RUNNING": "running",
    "SUCCESSFUL": "succeeded",
    "FAILED": "failed",
}


@admin.register(ProjectTask)
class ProjectTaskAdmin(ReadOnly):
    list_display = ("path", "condition", "queue", "priority", "tries", "enqueued_at", "due_at")
    list_filter = run_filters.PROJECT_TASKS
    list_filter_submit = True
    ordering = ("-enqueued_at", "-id")
    search_help_text = "Its id."
    raw_id_fields = ("failure",)
    fields = readonly_fields = (
        "path",
        "condition",
        "the_failure",
        "the_errors",
        "the_arguments",
        "queue",
        "priority",
        "run_after",
        "tries",
        "max_tries",
        "backoff",
        "due_at",
        "worker_ids",
        "enqueued_at",
        "started_at",
        "last_attempted_at",
        "finished_at",
        "id",
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("syncjobs/admin.css",)}

    def identified(self, word: str) -> Q | None:
        return None

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        try:
            return queryset.filter(pk=UUID(text))
        except ValueError:
            return queryset.none()

    @admin.display(description="state")
    def condition(self, task: ProjectTask) -> str:
        return badge(STATES[task.status], task.get_status_display())

    @admin.display(description="job failure")
    def the_failure(self, task: ProjectTask) -> str:
        return link(JobFailure, task.failure_id)

    @admin.display(description="newest errors")
    def the_errors(self, task: ProjectTask) -> str:
        texts = [(error["traceback"],) for error in task.errors]
        return format_html_join("", "<pre>{}</pre>", texts) or "none"

    @admin.display(description="arguments, without secrets")
    def the_arguments(self, task: ProjectTask) -> str:
        arguments = {"args": json.loads(task.args), "kwargs": json.loads(task.kwargs)}
        return format_html("<pre>{}</pre>", indented_json(arguments))


__all__ = ["ProjectTaskAdmin"]
