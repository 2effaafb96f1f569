"""Filters of the list of failures. Their cost does not depend on the table's size."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest

from syncjobs.admin import list_filters
from syncjobs.failures import search
from syncjobs.models.choices import FailureStatus, Provider

if TYPE_CHECKING:
    from django.contrib.admin import SimpleListFilter as DropdownFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter

TIME = "last_failed_at"


class StatusFilter(DropdownFilter):
    """Selects open and replaying failures by default; a search includes all states."""

    title = "status"
    parameter_name = "status__exact"
    all_option: ClassVar[list[str]] = ["", "Open and replaying"]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [*FailureStatus.choices, ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if status := self.value():
            return queryset if status == "all" else queryset.filter(status=status)
        if request.GET.get(SEARCH_VAR) or "fingerprint" in request.GET:
            return queryset
        return queryset.filter(status__in=search.CURRENT)


class ProviderFilter(DropdownFilter):
    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [*Provider.choices, ("none", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        provider = self.value()
        if not provider:
            return queryset
        return queryset.filter(provider="" if provider == "none" else provider)


FILTERS = (
    list_filters.tenant_filter(TIME),
    StatusFilter,
    *list_filters.time_filters(TIME),
    ProviderFilter,
    list_filters.seen("function", "function", "function", TIME),
    list_filters.seen("error_class", "error_class", "error class", TIME),
    list_filters.at_least("tries", "tries", "attempts, at least", TIME),
)
__all__ = ["FILTERS", "ProviderFilter", "StatusFilter"]
