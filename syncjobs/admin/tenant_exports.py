"""The admin page of exports that owners made of their tenant. Their files are not shown."""

from django.contrib import admin

from graph.admin.paginator import ReadOnly
from syncjobs.admin.runs import badge
from syncjobs.models import TenantExport


@admin.register(TenantExport)
class TenantExportAdmin(ReadOnly):
    """Exports, read-only. An owner starts and downloads them in the web pages or by the API."""

    list_display = ("requested_by", "condition", "size", "rows", "created_at", "error", "user_id")
    list_filter = ("state",)
    ordering = ("user_id", "-created_at", "-id")
    fields = readonly_fields = (
        "requested_by",
        "condition",
        "error",
        "size",
        "rows",
        "sha256",
        "tries",
        "created_at",
        "updated_at",
        "expires_at",
        "id",
        "user_id",
    )

    @admin.display(description="state")
    def condition(self, export: TenantExport) -> str:
        """The export's state as a coloured tag."""
        return badge(export.state, str(export.get_state_display()))
