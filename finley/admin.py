"""Admin pages of users and their API tokens. A token is shown only once, and its digest never."""

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from knox.models import get_digest_token
from knox.settings import CONSTANTS, knox_settings
from unfold.forms import AdminPasswordChangeForm

from finley.models import ApiToken, User, usual_scopes
from graph.admin.paginator import BoundedPaginator
from graph.admin.theme import ModelAdmin
from graph.http.scopes import SCOPES

if TYPE_CHECKING:
    ByEmail = DjangoUserAdmin[User]
    Creation = AdminUserCreationForm[User]
    Change = UserChangeForm[User]
    OfToken = forms.ModelForm[ApiToken]
else:
    from unfold.forms import UserChangeForm as Change
    from unfold.forms import UserCreationForm as Creation

    OfToken = forms.ModelForm

    class ByEmail(DjangoUserAdmin, ModelAdmin):
        """Django's user admin in the theme."""


admin.site.unregister(Group)


class UserCreation(Creation):
    class Meta:
        model = User
        fields = ("email",)


class UserEdit(Change):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Groups of permissions, such as replaying or settling failures."""


@admin.register(User)
class UserAdmin(ByEmail):
    """Users by e-mail address. A user is a tenant; its rows stay when the user is deleted."""

    form = UserEdit
    add_form = UserCreation
    change_password_form = AdminPasswordChangeForm
    fieldsets = (
        (None, {"fields": ("email", "password", "id")}),
        ("Name", {"fields": ("first_name", "last_name")}),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Erasure", {"fields": ("legal_hold",)}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "usable_password", "password1", "password2"),
            },
        ),
    )
    readonly_fields = ("id", "last_login", "date_joined")
    list_display = ("email", "id", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "first_name", "last_name", "id__exact")
    search_help_text = "Part of an e-mail address or a name, or a whole id."
    ordering = ("email",)
    date_hierarchy = "date_joined"
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_deleted_objects(
        self, objs: Sequence[User] | QuerySet[User], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What the confirmation page shows before users are deleted, in the form of Django's
        ModelAdmin: the lines of text, the numbers of deleted rows by name, the permissions that are
        missing, and no protected rows."""
        users = list(objs)
        tokens = ApiToken.objects.filter(user__in=users).count()
        lacking = tokens and not request.user.has_perm("finley.delete_apitoken")
        counts = {
            "users": len(users),
            "API tokens": tokens,
            "log entries": LogEntry.objects.filter(user__in=users).count(),
        }
        lines = [*map(str, users), "The events, entities and relationships of a tenant stay."]
        return lines, counts, {"API token"} if lacking else set(), []


def stand_in(token: ApiToken) -> ApiToken:
    """A copy of the token with its first letters as its primary key, for links, forms and logs.

    The real primary key is the digest, which Django would write into all of these.
    """
    stand_in_token = copy(token)
    stand_in_token.digest = token.token_key
    return stand_in_token


class TokenList(ChangeList):
    def url_for_result(self, result: Any) -> str:
        return reverse("admin:finley_apitoken_change", args=[quote(result.token_key)])


class TokenForm(OfToken):
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        initial=usual_scopes,
        widget=forms.CheckboxSelectMultiple,
        help_text="read: ask questions; sync: start syncs, change connections; admin: staff work.",
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scopes", "expiry")


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """Creates tokens for any user, shows each once, and revokes tokens by deletion."""

    form = TokenForm
    fields: ClassVar[tuple[str, ...]] = ("user", "name", "scopes", "expiry")
    list_display = ("name", "token_key", "user", "scopes", "created", "expiry")
    list_display_links = ("name", "token_key")
    list_select_related = ("user",)
    search_fields = ("name", "token_key", "user__email")
    search_help_text = "Part of its name, of its first letters or of its user's e-mail address."
    ordering = ("-created",)
    autocomplete_fields = ("user",)
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None  # the check boxes would contain the digest

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TokenList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ApiToken | None:
        """The token with these first letters. None also in the very unlikely case that two tokens
        share them."""
        tokens = list(self.get_queryset(request).filter(token_key=object_id)[:2])
        return tokens[0] if len(tokens) == 1 else None

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        return self.fields if obj is None else (*self.fields, "token_key", "created")

    def get_readonly_fields(
        self, request: HttpRequest, obj: ApiToken | None = None
    ) -> tuple[str, ...]:
        return () if obj is None else ("user", "token_key", "created")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        lasts = knox_settings.TOKEN_TTL
        expiry = {"expiry": timezone.now() + lasts} if lasts else {}
        return {**expiry, **super().get_changeform_initial_data(request)}

    def save_model(
        self, request: HttpRequest, obj: ApiToken, form: forms.Form, change: bool
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        obj.digest, token = get_digest_token()
        obj.token_key = token[: CONSTANTS.TOKEN_KEY_LENGTH]
        super().save_model(request, obj, form, change)
        text = "This is the token. Copy it now, it is not shown again: {}"
        messages.warning(request, format_html(text, token))

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        return super().response_add(request, stand_in(obj), post_url_continue)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if context.get("original") is not None:
            context["original"] = stand_in(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        context["object"] = stand_in(context["object"])
        return super().render_delete_form(request, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        token = self.get_object(request, unquote(object_id))
        context = {} if token is None else {"object": stand_in(token)}
        return super().history_view(request, object_id, {**context, **(extra_context or {})})

    def get_deleted_objects(
        self, objs: Sequence[ApiToken] | QuerySet[ApiToken], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        return [str(token) for token in objs], {"API tokens": len(objs)}, set(), []

    def log_addition(self, request: HttpRequest, obj: ApiToken, message: Any) -> LogEntry:
        return super().log_addition(request, stand_in(obj), message)

    def log_change(self, request: HttpRequest, obj: ApiToken, message: Any) -> LogEntry:
        return super().log_change(request, stand_in(obj), message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[LogEntry]:
        stand_ins: Any = [stand_in(token) for token in queryset]  # Django also passes a list
        return super().log_deletions(request, stand_ins)
