"""Lists and details of a tenant's runs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import router
from django.db.models import Prefetch

from graph.database.tenancy import tenant_transaction
from graph.reading import cursors
from graph.reading.cursors import Position
from syncjobs.errors import RunUnknown
from syncjobs.models import JobAttempt, SyncRun

FILTERS = {
    "connection": "connection_id",
    "provider": "provider",
    "status": "status",
    "since": "created_at__gte",
    "until": "created_at__lte",
}


def listed(
    user_id: UUID, filters: Mapping[str, Any], most: int, after: Position | None = None
) -> tuple[list[SyncRun], Position | None]:
    """A page of at most `most` runs, newest first, and the position of the next page (None: no
    more). `filters` has keys of FILTERS; `after` is the position at which the page begins."""
    with tenant_transaction(user_id, using=router.db_for_read(SyncRun)):
        rows = SyncRun.objects.filter(
            user_id=user_id, **{FILTERS[name]: value for name, value in filters.items()}
        )
        return cursors.page(rows, "created_at", most, after)


def get(user_id: UUID, run_id: UUID) -> SyncRun:
    """The run with its attempts in order. Raises RunUnknown."""
    attempts = Prefetch("attempts", JobAttempt.objects.defer("traceback").order_by("fence"))
    with tenant_transaction(user_id, using=router.db_for_read(SyncRun)):
        rows = SyncRun.objects.filter(user_id=user_id, pk=run_id)
        run = rows.prefetch_related(attempts).first()
    if run is None:
        raise RunUnknown("You have no such run.")
    return run
