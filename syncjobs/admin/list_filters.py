"""Filters for the operators' lists, all in one form. Their cost does not depend on the table's
size.

A filter without an index looks only at the NEWEST rows that the filters before it leave; its title
says so. So a list must name its indexed filters first. The parameter `time` names the column of
timestamps by which rows are the newest.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from graph import tenant_lookup
from syncjobs.models import OPERATORS

if TYPE_CHECKING:
    from django.contrib.admin import SimpleListFilter as DropdownFilter
    from django.contrib.admin import SimpleListFilter as TextFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter, TextFilter

NEWEST = 10_000
CHOICES, CHOICES_FROM = 100, 1_000  # values of a dropdown, and the newest rows that have them
OF_NEWEST = f"among the newest {NEWEST:,}"
UNITS = {"min": 60, "h": 3_600, "d": 86_400, "s": 1}
MOST_SECONDS = 10 * 366 * 86_400


def newest(rows: QuerySet[Any], time: str) -> QuerySet[Any]:
    """Limit the query to the NEWEST rows by the column of timestamps `time`, which must have an
    index.

    This first reads the timestamp of the oldest of these rows, so that no query plan reads further
    back.
    """
    times = rows.order_by(f"-{time}").values_list(time, flat=True)
    oldest = None if rows.query.is_empty() else next(iter(times[NEWEST - 1 : NEWEST]), None)
    return rows if oldest is None else rows.filter(**{f"{time}__gte": oldest})


class _Typed(TextFilter):
    """A filter whose value a person types. A value that cannot be read selects no row; a message
    says so."""

    example = ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        text = (self.value() or "").replace("\0", "").strip()
        if not text:
            return queryset
        try:
            return self.narrowed(queryset, text)
        except (ValueError, OverflowError):
            messages.warning(request, f"{text[:100]!r} is no {self.title}: write {self.example}.")
            return queryset.none()

    def narrowed(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """The rows that match the typed text. Raises ValueError if the text cannot be read."""
        raise NotImplementedError


def tenant_filter(time: str, *, is_indexed: bool = True) -> type[_Typed]:
    """Make a filter for the newest rows of a tenant, who is named by e-mail address, a part of it,
    name or id.

    `is_indexed` means that the table has an index of tenant and time.
    """

    class TenantFilter(_Typed):
        title = f"tenant (address or name){'' if is_indexed else f', {OF_NEWEST}'}"
        parameter_name = "tenant"
        example = "an e-mail address, a name, or operators"

        def narrowed(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
            ids = [OPERATORS] if text == "operators" else tenant_lookup.named(text)
            if not ids:
                raise ValueError(text)
            few = rows if is_indexed and len(ids) == 1 else newest(rows, time)
            return newest(few.filter(user_id__in=ids), time)

    return TenantFilter


def time_filters(time: str) -> list[type[_Typed]]:
    """Make two filters: for rows since a time, and for rows until a time. A time is a timestamp, or
    a duration ago. The column `time` must have an index."""

    class SinceFilter(_Typed):
        title = "since (2 h, 3 d, or a time)"
        parameter_name = "since"
        example = "30 min, 2 h, 3 d, or 2026-01-31 12:00"

        def narrowed(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
            return rows.filter(**{f"{time}__gte": timestamp(text)})

    class UntilFilter(_Typed):
        title = "until (2 h, 3 d, or a time)"
        parameter_name = "until"
        example = SinceFilter.example

        def narrowed(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
            return rows.filter(**{f"{time}__lt": timestamp(text)})

    return [SinceFilter, UntilFilter]


def at_least(name: str, column: str, title: str, time: str) -> type[_Typed]:
    """Make a filter for rows whose number in the column is at least the typed whole number, among
    the newest rows by `time`."""

    class AtLeastFilter(_Typed):
        parameter_name = name
        example = "a number"

        def narrowed(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
            number = int(text)
            if not 0 <= number < 2**31:
                raise ValueError(text)
            return newest(rows, time).filter(**{f"{column}__gte": number})

    AtLeastFilter.title = f"{title}, {OF_NEWEST}"
    return AtLeastFilter


def longer_than(ends: Any, time: str) -> type[_Typed]:
    """Make a filter for rows whose duration is at least the typed one, among the newest rows by
    `time`. `ends` is the SQL expression of a row's duration."""

    class DurationFilter(_Typed):
        title = f"took at least (90 s, 5 min), {OF_NEWEST}"
        parameter_name = "took"
        example = "90 s, 5 min or 2 h"

        def narrowed(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
            longer: QuerySet[Any] = newest(rows, time).alias(took=ends).filter(took__gte=span(text))
            return longer

    return DurationFilter


def containing(name: str, column: str, title: str, time: str) -> type[_Typed]:
    """Make a filter for rows whose column contains the typed text in any case, among the newest
    rows by `time`."""

    class TextIn(_Typed):
        parameter_name = name
        example = "a text"

        def narrowed(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
            return newest(rows, time).filter(**{f"{column}__icontains": text})

    TextIn.title = f"{title}, {OF_NEWEST}"
    return TextIn


def chosen(
    name: str, column: str, title: str, choices: Iterable[tuple[str, str]], time: str
) -> type[DropdownFilter]:
    """Make a filter with a dropdown of the fixed `choices`, (value, label) each. It selects rows
    whose column has the chosen value, among the newest rows by `time`."""

    class ChosenFilter(DropdownFilter):
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return list(choices)

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value()
            return newest(queryset, time).filter(**{column: value}) if value else queryset

    ChosenFilter.title = f"{title}, {OF_NEWEST}"
    return ChosenFilter


def seen(name: str, column: str, title: str, time: str, *, of: str = "") -> type[DropdownFilter]:
    """Make a filter with a dropdown of the values that the newest rows have in the column. It
    selects rows with the chosen value, among the newest rows by `time`.

    `of` names a relation: the column is then that of the related rows.
    """
    path = f"{of}__{column}" if of else column

    class SeenFilter(DropdownFilter):
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            rows = model_admin.model._default_manager.order_by(f"-{time}")
            values = set(rows.values_list(path, flat=True)[:CHOICES_FROM])
            return [(value, value) for value in sorted(filter(None, values))[:CHOICES]]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = (self.value() or "").replace("\0", "")
            if not value:
                return queryset
            rows = newest(queryset, time).filter(**{path: value})
            return rows.distinct() if of else rows

    SeenFilter.title = f"{title}, {OF_NEWEST}"
    return SeenFilter


def span(text: str) -> timedelta:
    """The duration that the text states, such as "90 s", "5 min" or "3 d". Raises ValueError."""
    unit = next((unit for unit in UNITS if text.endswith(unit)), "")
    seconds = float(text.removesuffix(unit)) * UNITS.get(unit, 1)
    if not 0 <= seconds <= MOST_SECONDS:
        raise ValueError(text)
    return timedelta(seconds=seconds)


def timestamp(text: str) -> datetime:
    """The time that the text states: a timestamp in the admin's time zone, or a duration ago.
    Raises ValueError."""
    if "-" not in text:
        return timezone.now() - span(text)
    time = parse_datetime(text if ":" in text else f"{text} 00:00")
    if time is None:
        raise ValueError(text)
    return time if timezone.is_aware(time) else timezone.make_aware(time)


__all__ = [
    "at_least",
    "chosen",
    "containing",
    "longer_than",
    "newest",
    "seen",
    "span",
    "tenant_filter",
    "time_filters",
    "timestamp",
]
