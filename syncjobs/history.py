"""A tenant's runs, as they are listed and looked at."""

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
    user_id: UUID, wanted: Mapping[str, Any], most: int, after: Position | None = None
) -> tuple[list[SyncRun], Position | None]:
    """A page of runs, newest first, and where the next begins. `wanted`: those of FILTERS."""
    with tenant_transaction(user_id, using=router.db_for_read(SyncRun)):
        found = SyncRun.objects.filter(
            user_id=user_id, **{FILTERS[name]: value for name, value in wanted.items()}
        )
        return cursors.page(found, "created_at", most, after)


def get(user_id: UUID, run_id: UUID) -> SyncRun:
    """With its attempts, in order. Raises RunUnknown."""
    attempts = Prefetch("attempts", JobAttempt.objects.defer("traceback").order_by("fence"))
    with tenant_transaction(user_id, using=router.db_for_read(SyncRun)):
        mine = SyncRun.objects.filter(user_id=user_id, pk=run_id)
        run = mine.prefetch_related(attempts).first()
    if run is None:
        raise RunUnknown("You have no such run.")
    return run
