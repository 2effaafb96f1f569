"""Dead letters in the admin: to be read, and to be put aside."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Field, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from graph.admin import as_json
from graph.paging import MOST_FOUND, HugeTable
from syncjobs.models import JobFailure

READ: tuple[Any, ...] = (
    "id",
    "function",
    "error",
    "error_class",
    "user_id",
    "provider",
    "connection_id",
    "correlation_id",
    "job_id",
    "fingerprint",
    "tries",
    "first_failed_at",
    "last_failed_at",
    as_json("payload"),
    "whole_traceback",
)

CARRIED = ("fingerprint", "job_id", "correlation_id", "connection_id")


@admin.register(JobFailure)
class JobFailureAdmin(HugeTable):
    """Programs record a failure; a person changes its status, unless it is being replayed."""

    list_display = (
        "id",
        "last_failed_at",
        "function",
        "provider",
        "error_class",
        "sentence",
        "tries",
        "status",
        "user_id",
    )
    list_filter = ("status",)
    ordering = ("-last_failed_at",)
    fields = ("status", *READ)
    search_help_text: ClassVar[str | None] = (
        "The exact fingerprint, job, correlation or connection; its id; "
        "its tenant's id or e-mail address."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("payload", "traceback")  # wide, when sorted

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        replaying = obj is not None and obj.status == JobFailure.Status.REPLAYING
        return ("status", *READ) if replaying else READ

    def formfield_for_choice_field(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs["choices"] = [
            choice for choice in JobFailure.Status.choices if choice[0] != "replaying"
        ]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        """By what it carries. Most of it has no index: one scan finds the ids, not two the rows."""
        ways: list[Any] = [(column, text) for column in CARRIED]
        carriers = queryset.order_by().filter(Q.create(ways, connector=Q.OR))
        return queryset.filter(pk__in=list(carriers.values_list("pk", flat=True)[:MOST_FOUND]))

    @admin.display(description="error")
    def sentence(self, failure: JobFailure) -> str:
        return failure.error[:200]

    @admin.display(description="traceback")
    def whole_traceback(self, failure: JobFailure) -> str:
        return format_html("<pre>{}</pre>", failure.traceback)
