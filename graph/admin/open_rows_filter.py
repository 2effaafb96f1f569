"""A filter for admin lists that selects open rows by default."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest


def open_first(field: str, states: type[TextChoices], first: TextChoices) -> Any:
    """Return an admin filter on the field that selects the state `first` unless another one is
    chosen."""

    class OpenFirst(admin.SimpleListFilter):
        title = parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [*((value, str(label)) for value, label in states.choices), ("all", "All")]

        def choices(self, changelist: Any) -> Any:
            """Yield the choices without Django's own "All", which would select `first` here."""
            return list(super().choices(changelist))[1:]

        def value(self) -> str:
            return super().value() or first.value

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset if self.value() == "all" else queryset.filter(**{field: self.value()})

    return OpenFirst
