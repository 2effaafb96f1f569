"""Filters of the list of failures. Their cost does not depend on the table's size."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from syncjobs.failures import search
from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus, Provider


class StatusFilter(SimpleListFilter):
    """Selects open and replaying failures by default; a search includes all states."""

    title = "status"
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [*FailureStatus.choices, ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Open and replaying"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if status := self.value():
            return queryset if status == "all" else queryset.filter(status=status)
        if request.GET.get(SEARCH_VAR) or "fingerprint" in request.GET:
            return queryset
        return queryset.filter(status__in=search.CURRENT)


class ProviderFilter(SimpleListFilter):
    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [*Provider.choices, ("none", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        provider = self.value()
        if provider is None:
            return queryset
        return queryset.filter(provider="" if provider == "none" else provider)


class _Recent(SimpleListFilter):
    """Filters by a column's values among the newest failures."""

    parameter_name = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        newest = search.newest(JobFailure.objects.all()).values("pk")[: search.NEWEST]
        few = JobFailure.objects.filter(pk__in=newest).order_by(self.parameter_name)
        values = few.values_list(self.parameter_name, flat=True).distinct()[:100]
        return [(value, value) for value in values if value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else queryset.filter(**{self.parameter_name: value})


class FunctionFilter(_Recent):
    title = "function"
    parameter_name = "function"


class ErrorClassFilter(_Recent):
    title = "error class"
    parameter_name = "error_class"
