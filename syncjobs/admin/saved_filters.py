"""Saved filters of the operators' lists: people save, open, rename, share and delete them.

A saved filter is a query of the list's URL. It contains only parameters that the list knows, and
opens only that list.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from syncjobs.models import SavedFilter

if TYPE_CHECKING:
    Mixin = admin.ModelAdmin[Any]
else:
    Mixin = object

MOST_NAME = 60  # characters
MOST_QUERY = 2_000  # characters
MOST_SAVED = 100  # filters of a person for a list; also how many are shown
NAMELESS = f"Give the filter a name of at most {MOST_NAME} characters."


class WithSavedFilters(Mixin):
    """An admin list with saved filters above it. Whoever may view the list may save filters.

    `other_parameters` are parameters of the list's URL that are not filters.
    """

    other_parameters: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            safe = self.admin_site.admin_view(require_POST(view))
            pattern: URLPattern = path(route, safe, name=f"{self._list()}_{name}")
            return pattern

        return [
            page("filters/save/", self.save_filter_view, "save_filter"),
            page("filters/<uuid:filter_id>/", self.edit_filter_view, "edit_filter"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        here = self._address()
        context = {
            "saved_filters": [
                {"row": row, "address": f"{here}?{row.query}", "is_own": row.by_id == _who(request)}
                for row in self._visible(request)
            ],
            "save_filter_at": reverse(f"admin:{self._list()}_save_filter"),
            "edit_filter_url": f"admin:{self._list()}_edit_filter",
            "current_query": self._known(request, request.GET.urlencode()),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def save_filter_view(self, request: HttpRequest) -> HttpResponse:
        """Save the list's query under a name; the person's own filter of this name is replaced."""
        query = self._checked(request, request.POST.get("query", ""))
        name = _named(request)
        own = self._own(request)
        if not name:
            messages.error(request, NAMELESS)
        elif own.count() >= MOST_SAVED and not own.filter(name=name).exists():
            messages.error(request, f"You have {MOST_SAVED} filters of this list: delete some.")
        else:
            SavedFilter.objects.update_or_create(
                by_id=_who(request),
                list_name=self._list(),
                name=name,
                defaults={
                    "query": query,
                    "by_name": str(request.user),
                    "is_shared": "shared" in request.POST,
                },
            )
            messages.success(request, f"The filter {name!r} is saved.")
        return HttpResponseRedirect(f"{self._address()}?{query}")

    def edit_filter_view(self, request: HttpRequest, filter_id: UUID) -> HttpResponse:
        """Rename, share or delete one's own filter. Raises Http404 for another person's."""
        self._must_view(request)
        row = self._own(request).filter(pk=filter_id).first()
        if row is None:
            raise Http404("You have no such filter.")
        if request.POST.get("do") == "delete":
            row.delete()
            messages.success(request, f"The filter {row.name!r} is deleted.")
        else:
            _renamed(request, row)
        return HttpResponseRedirect(self._address())

    def _list(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def _address(self) -> str:
        return reverse(f"admin:{self._list()}_changelist")

    def _own(self, request: HttpRequest) -> QuerySet[SavedFilter]:
        return SavedFilter.objects.filter(list_name=self._list(), by_id=_who(request))

    def _visible(self, request: HttpRequest) -> QuerySet[SavedFilter]:
        rows = SavedFilter.objects.filter(list_name=self._list())
        seen = rows.filter(Q(by_id=_who(request)) | Q(is_shared=True))
        return seen.order_by("name", "by_name")[:MOST_SAVED]

    def _must_view(self, request: HttpRequest) -> None:
        """Raises PermissionDenied if the person may not view the list."""
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _known(self, request: HttpRequest, query: str) -> str:
        """Return the query without the parameters that the list does not know."""
        names = self._parameters(request)
        return urlencode([(name, value) for name, value in _pairs(query) if name in names])

    def _checked(self, request: HttpRequest, query: str) -> str:
        """Return the query if the list accepts it as a filter. Raises BadRequest if not, and
        PermissionDenied if the person may not view the list."""
        self._must_view(request)
        names = self._parameters(request)
        pairs = _pairs(query)
        if not pairs or len(query) > MOST_QUERY or any(name not in names for name, _ in pairs):
            raise BadRequest("This is no filter of this list.")
        return urlencode(pairs)

    def _parameters(self, request: HttpRequest) -> set[str]:
        filters = {getattr(one, "parameter_name", "") for one in self.get_list_filter(request)}
        return {SEARCH_VAR, ORDER_VAR, *filters, *self.other_parameters}


def _pairs(query: str) -> list[tuple[str, str]]:
    """The query's parameters that have a value. Raises BadRequest if the query cannot be parsed."""
    try:
        pairs = parse_qsl(query, max_num_fields=50)
    except ValueError:
        raise BadRequest("This is no filter of this list.") from None
    if any("\0" in value for _, value in pairs):
        raise BadRequest("This is no filter of this list.")
    return pairs


def _who(request: HttpRequest) -> Any:
    return request.user.pk


def _named(request: HttpRequest) -> str:
    """The name that the form states; "" if it states none or an invalid one."""
    name = request.POST.get("name", "").replace("\0", "").strip()
    return name if len(name) <= MOST_NAME else ""


def _renamed(request: HttpRequest, row: SavedFilter) -> None:
    row.name, row.is_shared = _named(request), "shared" in request.POST
    if not row.name:
        messages.error(request, NAMELESS)
        return
    try:
        with transaction.atomic(using="owner"):
            row.save(update_fields=["name", "is_shared"])
    except IntegrityError:
        messages.error(request, f"You have a filter {row.name!r} already.")
    else:
        messages.success(request, f"The filter {row.name!r} is changed.")


__all__ = ["WithSavedFilters"]
