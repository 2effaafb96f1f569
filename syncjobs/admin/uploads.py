"""Admin pages of uploaded files and of the mappings that tenants saved for them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from graph.admin.paginator import ReadOnly
from graph.admin.readonly_fields import as_json
from graph.models import SavedMapping
from syncjobs.admin.runs import badge
from syncjobs.models import Upload


@admin.register(Upload)
class UploadAdmin(ReadOnly):
    """Uploaded files, read-only. A person confirms an upload in the web pages or by the API."""

    list_display = ("name", "condition", "size", "uploaded_by", "created_at", "error", "user_id")
    list_filter = ("state",)
    ordering = ("user_id", "-created_at", "-id")
    fields = readonly_fields = (
        "name",
        "size",
        "condition",
        "error",
        as_json("choices"),
        as_json("preview"),
        as_json("outcome"),
        "uploaded_by",
        "jobs",
        "tries",
        "created_at",
        "updated_at",
        "id",
        "user_id",
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("syncjobs/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("rejects")

    @admin.display(description="state")
    def condition(self, upload: Upload) -> str:
        return badge(upload.state, str(upload.get_state_display()))


@admin.register(SavedMapping)
class SavedMappingAdmin(ReadOnly):
    """Mappings that were saved when a file was confirmed."""

    list_display = ("name", "created_at", "user_id")
    ordering = ("user_id", "layout")
    fields = readonly_fields = ("name", "toml", "layout", "created_at", "id", "user_id")
