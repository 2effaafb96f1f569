"""Admin pages of endpoints, alert rules and messages. A secret is shown only once."""

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextInputWidget

from graph import tenant_lookup
from graph.admin.paginator import HugeTable, ReadOnly
from graph.admin.tenants import read_addresses, tenant
from graph.errors import TenantUnknown
from syncjobs.admin import run_filters
from syncjobs.admin.page_links import link
from syncjobs.admin.runs import badge
from syncjobs.admin.saved_filters import WithSavedFilters
from syncjobs.alerts import endpoints
from syncjobs.alerts import messages as accepted
from syncjobs.errors import EndpointRefused
from syncjobs.models import OPERATORS, AlertRule, Delivery, DeliveryEndpoint, JobFailure
from syncjobs.models.choices import Channel

if TYPE_CHECKING:
    EndpointModelForm = forms.ModelForm[DeliveryEndpoint]
    Inline = admin.TabularInline[AlertRule, DeliveryEndpoint]
    Mixin = admin.ModelAdmin[Any]
else:
    from unfold.admin import TabularInline as Inline

    EndpointModelForm = forms.ModelForm
    Mixin = object

OPTIONS = ("events", "quiet_from", "quiet_until", "zone", "is_enabled")
ONCE = "This is the secret. Copy it now, it is not shown again: {}"


class EndpointForm(EndpointModelForm):
    """Creates or changes an endpoint. Its channel, address and owner cannot be changed later."""

    tenant = forms.CharField(
        required=False,
        help_text="A tenant's e-mail address or id. Empty: the operators.",
        widget=UnfoldAdminTextInputWidget(),
    )

    class Meta:
        model = DeliveryEndpoint
        fields = ("name", "channel", "address", *OPTIONS)
        widgets: ClassVar[dict[str, forms.Widget]] = {
            name: UnfoldAdminTextInputWidget() for name in ("name", "address", "zone")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = ""
        for name in ("events", "zone"):
            if name in self.fields:
                self.fields[name].required = False

    def clean_tenant(self) -> UUID:
        text = self.cleaned_data["tenant"].strip()
        if not text:
            return OPERATORS
        try:
            return tenant_lookup.find(text)
        except TenantUnknown:
            raise forms.ValidationError("There is no such tenant.") from None

    def clean_zone(self) -> str:
        return self.cleaned_data["zone"] or "UTC"

    def clean(self) -> dict[str, Any]:
        """Validate the form. A new endpoint is created here, so that a refusal is an error of the
        form."""
        data = super().clean() or {}
        try:
            if self.instance._state.adding and not self.errors:
                self._make(data)
            elif not self.errors:
                for name in ("name", *OPTIONS):
                    setattr(self.instance, name, data[name])
                endpoints.must_be_consistent(self.instance)
        except EndpointRefused as error:
            self.add_error(error.field if error.field in self.fields else None, str(error))
        return data

    def _make(self, data: dict[str, Any]) -> None:
        options = {name: data[name] for name in OPTIONS if name != "events"}
        self.instance, self.secret = endpoints.create(
            data["tenant"],
            name=data["name"],
            channel=Channel(data["channel"]),
            address=data["address"],
            events=data["events"] or (),
            **options,
        )

    def _post_clean(self) -> None:
        """Do nothing. Django would validate the instance, which `clean` has created already."""


class Owned(Mixin):
    """A list of rows that belong to tenants or to the operators. Tenants are shown by e-mail
    address."""

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist: ChangeList = super().get_changelist_instance(request)
        read_addresses(changelist.result_list)
        return changelist

    @admin.display(description="of")
    def owner(self, row: DeliveryEndpoint | Delivery) -> str:
        return "operators" if row.user_id == OPERATORS else str(tenant(row))


class RulesOfEndpoint(Inline):
    model = AlertRule
    fields = ("kind", "threshold", "is_enabled", "error")
    readonly_fields = ("error",)
    extra = 0


@admin.register(DeliveryEndpoint)
class DeliveryEndpointAdmin(Owned, HugeTable):
    """Endpoints of operators and tenants, with the rules that send alerts to them."""

    form = EndpointForm
    list_display = ("name", "channel", "address", "condition", "owner", "created_at")
    list_filter = ("channel", "is_enabled")
    ordering = ("user_id", "name")
    actions = ("rotate_secret", "send_test", "delete_selected")
    inlines = (RulesOfEndpoint,)
    search_help_text = "Its id, or its tenant's id or e-mail address; or its exact name."

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("syncjobs/admin.css",)}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ("tenant", "name", "channel", "address", *OPTIONS)
        return ("name", "channel", "address", "owner", *OPTIONS, "note", "created_at", "id")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = ("channel", "address", "owner", "note", "created_at", "id")
        return () if obj is None else fixed

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [] if obj is None else list(self.inlines)

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        return queryset.filter(name=text)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["name", *OPTIONS])
        elif form.secret:
            messages.warning(request, format_html(ONCE, form.secret))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for rule in formset.save(commit=False):
            rule.user_id = form.instance.user_id
            rule.save()
        for rule in formset.deleted_objects:
            rule.delete()

    def has_send_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    @admin.action(description="Rotate secret", permissions=["send"])
    def rotate_secret(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for endpoint in queryset[:10]:
            try:
                secret = endpoints.rotate(endpoint)
            except EndpointRefused as error:
                messages.error(request, f"{endpoint}: {error}")
            else:
                self.log_change(request, endpoint, "Rotated its secret.")
                messages.warning(request, format_html("{}: " + ONCE, endpoint.name, secret))

    @admin.action(description="Send a test message", permissions=["send"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for endpoint in queryset[:10]:
            data = {"text": "It works."}
            sent = accepted.deliver(endpoint, "test", data, title="A test of finley")
            page = link(Delivery, sent and sent.pk)
            messages.info(request, format_html("{}: {}", endpoint.name, page))

    @admin.display(description="state")
    def condition(self, endpoint: DeliveryEndpoint) -> str:
        return badge("alive", "enabled") if endpoint.is_enabled else badge("paused", "disabled")


@admin.register(Delivery)
class DeliveryAdmin(WithSavedFilters, Owned, ReadOnly):
    """Messages and their attempts. A failed message is replayed from its job failure."""

    list_display = (
        "title",
        "condition",
        "event",
        "the_endpoint",
        "owner",
        "tries",
        "created_at",
        "error",
    )
    list_filter = run_filters.DELIVERIES
    list_before_template = "syncjobs/list_above.html"
    list_filter_submit = True
    list_select_related = ("endpoint",)
    ordering = ("-created_at", "-id")
    raw_id_fields = ("endpoint", "failure")
    indexed = ("endpoint_id",)
    search_help_text = "Its id, its endpoint's or its tenant's, or its tenant's e-mail address."
    fields = readonly_fields = (
        "title",
        "condition",
        "error",
        "event",
        "the_endpoint",
        "the_failure",
        "body",
        "tries",
        "the_attempts",
        "next_try_at",
        "created_at",
        "ended_at",
        "id",
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("syncjobs/admin.css",)}

    @admin.display(description="state")
    def condition(self, message: Delivery) -> str:
        states = {"waiting": "queued", "delivered": "succeeded", "failed": "failed"}
        return badge(states[message.state], message.state)

    @admin.display(description="endpoint")
    def the_endpoint(self, message: Delivery) -> str:
        return link(DeliveryEndpoint, message.endpoint_id, message.endpoint)

    @admin.display(description="job failure")
    def the_failure(self, message: Delivery) -> str:
        return link(JobFailure, message.failure_id)

    @admin.display(description="newest attempts")
    def the_attempts(self, message: Delivery) -> str:
        lines = [
            f"{attempt['at']}  {attempt['seconds']:.3f} s  {attempt['error'] or 'delivered'}"
            for attempt in message.attempts
        ]
        return format_html("<pre>{}</pre>", "\n".join(lines) or "none")


__all__ = ["DeliveryAdmin", "DeliveryEndpointAdmin"]
