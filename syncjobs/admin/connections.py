"""Admin pages of connections: pause, resume and schedule; their cursor is never shown."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from graph.admin.paginator import HugeTable
from syncjobs import connections
from syncjobs.admin import provider_pauses, selected_actions
from syncjobs.admin.page_links import failures
from syncjobs.admin.runs import ReadOnlyTable, badge
from syncjobs.errors import RequestError
from syncjobs.models import SyncConnection
from syncjobs.models.choices import ConnectionState

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[SyncConnection]
else:
    ModelForm = forms.ModelForm

EDITED = ("state", "sync_every")


class ConnectionForm(ModelForm):
    """A person pauses and resumes a connection; other states come from Nango."""

    class Meta:
        model = SyncConnection
        fields = EDITED

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "state" in self.fields:
            now = ConnectionState(self.instance.state)
            ways = [now, *connections.MAY_BECOME[now]]
            choices = [(state.value, state.label) for state in ways]
            cast(forms.ChoiceField, self.fields["state"]).choices = choices

    def clean_sync_every(self) -> timedelta | None:
        every: timedelta | None = self.cleaned_data["sync_every"]
        if every is not None and every < timedelta(minutes=1):
            raise forms.ValidationError("Choose at least one minute.")
        return every


@admin.register(SyncConnection)
class SyncConnectionAdmin(ReadOnlyTable):
    form = ConnectionForm
    list_display = (
        "nango_connection_id",
        "provider",
        "condition",
        "sync_every",
        "next_sync_at",
        "last_synced_at",
        "user_id",
    )
    list_filter = ("state", "provider")
    actions = ("sync_now", "sync_fully", "pause", "resume")
    list_before_template = "syncjobs/providers_above.html"
    change_form_outer_before_template = "syncjobs/operate.html"
    ordering = ("user_id", "id")
    fields = (
        *EDITED,
        "state_reason",
        "provider",
        "nango_connection_id",
        "integration",
        "next_sync_at",
        "last_synced_at",
        "runs",
        "dead_letters",
        "id",
        "user_id",
        "created_at",
        "updated_at",
    )
    search_help_text = "Nango's exact connection id; its id; its tenant's id or e-mail address."

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.state == ConnectionState.REMOVED:
            return False
        return HugeTable.has_change_permission(self, request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        return tuple(name for name in self.fields if name not in EDITED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("cursor")

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        return queryset.filter(nango_connection_id=text)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save as the API does: only the edited fields, never the cursor."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            connections.change(obj.user_id, obj.pk, changes)
        except RequestError as error:
            self.message_user(request, str(error), messages.ERROR)

    def get_urls(self) -> list[URLPattern]:
        safe = self.admin_site.admin_view(require_POST(self.provider_view))
        name = "syncjobs_syncconnection_provider"
        return [path("provider/<str:provider>/", safe, name=name), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = provider_pauses.counts() if self.has_operate_permission(request) else []
        return super().changelist_view(request, {"providers": shown, **(extra_context or {})})

    def provider_view(self, request: HttpRequest, provider: str) -> HttpResponse:
        """Pause or resume all connections of a provider."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        if request.POST.get("do") == "resume":
            text = f"{provider_pauses.resume(provider):,} connections of {provider} resumed."
        else:
            text = f"{provider_pauses.pause(provider):,} connections of {provider} paused."
        messages.success(request, text)
        return HttpResponseRedirect(reverse("admin:syncjobs_syncconnection_changelist"))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        buttons = self.buttons(request, self.get_object(request, object_id))
        return super().change_view(
            request, object_id, form_url, {**buttons, **(extra_context or {})}
        )

    def operations(self, connection: SyncConnection) -> list[str]:
        if connection.state == ConnectionState.REMOVED:
            return []
        if connection.state == ConnectionState.PAUSED:
            return ["resume"]
        may_pause = (
            ConnectionState.PAUSED in connections.MAY_BECOME[ConnectionState(connection.state)]
        )
        return ["sync_now", "sync_fully", *(["pause"] if may_pause else [])]

    @admin.action(description="Sync now", permissions=["operate"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        selected_actions.carry_out(self, request, queryset, selected_actions.sync)

    @admin.action(description="Sync everything again (full)", permissions=["operate"])
    def sync_fully(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        selected_actions.carry_out(self, request, queryset, selected_actions.sync_fully)

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        selected_actions.carry_out(self, request, queryset, selected_actions.pause)

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        selected_actions.carry_out(self, request, queryset, selected_actions.resume)

    @admin.display(description="state")
    def condition(self, connection: SyncConnection) -> str:
        return badge(connection.state)

    @admin.display(description="runs")
    def runs(self, connection: SyncConnection) -> str:
        text = '<a class="text-link" href="../../../syncrun/?q={}">Its runs</a>'
        return format_html(text, connection.pk)

    @admin.display(description="failures")
    def dead_letters(self, connection: SyncConnection) -> str:
        text = '<a class="text-link" href="{}">Its failures</a>'
        return format_html(text, failures(q=str(connection.pk)))
