"""A filter of an admin list that shows what is open, unless others are asked for."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest


def open_first(field: str, states: type[TextChoices], first: TextChoices) -> Any:
    """The filter on the field: `first` is what no choice means."""

    class OpenFirst(admin.SimpleListFilter):
        title = parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [*((value, str(label)) for value, label in states.choices), ("all", "All")]

        def choices(self, changelist: Any) -> Any:
            """Without Django's own "All", which no choice would be."""
            return list(super().choices(changelist))[1:]

        def value(self) -> str:
            return super().value() or first.value

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset if self.value() == "all" else queryset.filter(**{field: self.value()})

    return OpenFirst
