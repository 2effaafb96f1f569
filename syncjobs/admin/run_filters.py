"""Filters of the lists of runs, attempts, messages, tasks and bulk replays."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest

from syncjobs.admin import list_filters
from syncjobs.models.choices import (
    ACTIVE,
    DeliveryState,
    Outcome,
    Provider,
    RunStatus,
    TaskStatus,
    Trigger,
)

if TYPE_CHECKING:
    from django.contrib.admin import SimpleListFilter as DropdownFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter

CREATED = "created_at"
STARTED = "started_at"
ENQUEUED = "enqueued_at"


def _took(end: str) -> Any:
    """The duration in SQL from a row's start to `end`, or until now if it has not ended."""
    return ExpressionWrapper(Coalesce(F(end), Now()) - F(STARTED), output_field=DurationField())


class RunStatusFilter(DropdownFilter):
    """A filter of runs by status. An index finds all queued and running runs; of ended runs only
    the newest ones are searched."""

    title = f"status (ended: {list_filters.OF_NEWEST})"
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return list(RunStatus.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        status = self.value()
        if not status:
            return queryset
        rows = queryset if status in ACTIVE else list_filters.newest(queryset, CREATED)
        return rows.filter(status=status)


RUNS = (
    list_filters.tenant_filter(CREATED),
    *list_filters.time_filters(CREATED),
    RunStatusFilter,
    list_filters.chosen("provider__exact", "provider", "provider", Provider.choices, CREATED),
    list_filters.chosen("trigger__exact", "trigger", "trigger", Trigger.choices, CREATED),
    list_filters.seen("error_class", "error_class", "error class", CREATED, of="attempts"),
    list_filters.containing("error", "error", "text of the error", CREATED),
    list_filters.at_least("tries", "tries", "attempts, at least", CREATED),
    list_filters.longer_than(_took("finished_at"), CREATED),
)
ATTEMPTS = (
    *list_filters.time_filters(STARTED),
    list_filters.tenant_filter(STARTED, is_indexed=False),
    list_filters.chosen("outcome__exact", "outcome", "outcome", Outcome.choices, STARTED),
    list_filters.seen("error_class", "error_class", "error class", STARTED),
    list_filters.at_least("tries", "try_number", "attempt, at least", STARTED),
    list_filters.longer_than(_took("ended_at"), STARTED),
)
DELIVERIES = (
    list_filters.tenant_filter(CREATED),
    *list_filters.time_filters(CREATED),
    list_filters.chosen("state__exact", "state", "state", DeliveryState.choices, CREATED),
    list_filters.seen("event", "event", "event", CREATED),
    list_filters.containing("error", "error", "text of the error", CREATED),
    list_filters.at_least("tries", "tries", "attempts, at least", CREATED),
)
PROJECT_TASKS = (
    *list_filters.time_filters(ENQUEUED),
    list_filters.chosen("status__exact", "status", "state", TaskStatus.choices, ENQUEUED),
    list_filters.seen("path", "path", "task", ENQUEUED),
    list_filters.seen("queue", "queue", "queue", ENQUEUED),
    list_filters.at_least("tries", "tries", "attempts, at least", ENQUEUED),
)
BULK_REPLAYS = (
    *list_filters.time_filters(CREATED),
    list_filters.containing("by", "by_name", "by", CREATED),
)
__all__ = ["ATTEMPTS", "BULK_REPLAYS", "DELIVERIES", "PROJECT_TASKS", "RUNS"]
