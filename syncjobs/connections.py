"""A tenant's connections: confirm them with Nango, register, list, change and remove them."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import IntegrityError, router, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from syncjobs import runs
from syncjobs.errors import (
    AlreadyConnected,
    AlreadyEnded,
    ConnectionUnknown,
    ConnectionUnusable,
    NangoUnavailable,
    NotYours,
    Permanent,
    StateRefused,
    Transient,
)
from syncjobs.models import SyncConnection
from syncjobs.models.choices import ACTIVE, ConnectionState
from syncjobs.nango import Access, Limits, Nango, owners

ASKING = Limits(silence=5.0, answer=10.0, most_bytes=1 << 20)
AGAIN = 30.0  # seconds until a retry, if Nango does not say
ALIVE, SUSPECT, DEAD, PAUSED, REMOVED = (
    ConnectionState.ALIVE,
    ConnectionState.SUSPECT,
    ConnectionState.DEAD,
    ConnectionState.PAUSED,
    ConnectionState.REMOVED,
)
MAY_BECOME = {ALIVE: {PAUSED}, SUSPECT: {PAUSED}, PAUSED: {ALIVE}, DEAD: set(), REMOVED: set()}


def confirm(user_id: UUID, provider: str, nango_id: str, integration: str = "") -> None:
    """Ask Nango whether the connection `nango_id` belongs to the tenant, and return if it does.
    Raises NotYours, NangoUnavailable.

    The error is the same for another tenant's connection, a dead one and a missing one.
    """
    access = Access(
        provider, nango_id, settings.NANGO["secret"], integration, settings.NANGO["host"]
    )
    try:
        facts = async_to_sync(_facts)(access)
    except (Transient, Permanent) as error:
        after = getattr(error, "after", None)
        raise NangoUnavailable(
            f"Nango cannot confirm now that this connection is yours: {error}",
            AGAIN if after is None else after,
        ) from None
    if facts is None or str(user_id) not in owners(facts):
        raise NotYours("Nango has no working connection of yours with this id and provider.")


async def _facts(access: Access) -> dict[str, Any] | None:
    async with Nango(access, limits=ASKING) as nango:
        return await nango.connection_facts()


def register(
    user_id: UUID,
    provider: str,
    nango_id: str,
    *,
    integration: str = "",
    sync_every: timedelta | None = None,
) -> SyncConnection:
    """Register a connection of the tenant and return it. With a schedule (`sync_every`) a sync is
    due at once. Raises AlreadyConnected."""
    with _of(user_id):
        connection = SyncConnection(
            user_id=user_id,
            provider=provider,
            nango_connection_id=nango_id,
            integration=integration,
            sync_every=sync_every,
            next_sync_at=_due(sync_every),
        )
        try:
            with transaction.atomic(using=_role()):
                connection.save(force_insert=True)
        except IntegrityError as error:
            if "sync_connections_nango_key" not in str(error):
                raise
            raise AlreadyConnected("This connection is already registered.") from None
        return _read(user_id).get(pk=connection.pk)


def listed(user_id: UUID, **filters: str) -> list[SyncConnection]:
    """The tenant's connections, oldest first. Removed ones are listed only if `state` selects
    them."""
    with _of(user_id):
        rows = _read(user_id).filter(**filters)
        if "state" not in filters:
            rows = rows.exclude(state=REMOVED)
        return list(rows.order_by("created_at", "id"))


def get(user_id: UUID, connection_id: UUID) -> SyncConnection:
    """Read the tenant's connection with this id. Raises ConnectionUnknown."""
    with _of(user_id):
        return _one(_read(user_id), connection_id)


def change(user_id: UUID, connection_id: UUID, changes: Mapping[str, Any]) -> SyncConnection:
    """Change `sync_every` (the schedule) and `state` (pause or resume) of the connection, if they
    are in `changes`. Return the connection.

    Raises ConnectionUnknown, ConnectionUnusable, StateRefused.
    """
    with _of(user_id):
        connection = _one(_read(user_id).select_for_update(), connection_id)
        if connection.state == REMOVED:
            raise ConnectionUnusable("This connection was removed.")
        resumed = _moved(connection, changes.get("state", connection.state))
        if "sync_every" in changes or resumed:
            connection.sync_every = changes.get("sync_every", connection.sync_every)
            connection.next_sync_at = _due(connection.sync_every)
        connection.updated_at = Now()
        connection.save(
            update_fields=["state", "state_reason", "sync_every", "next_sync_at", "updated_at"]
        )
        return _read(user_id).get(pk=connection_id)


def _moved(connection: SyncConnection, state: str) -> bool:
    """Set the connection's state to `state`. Return True if this resumes a paused connection.
    Raises StateRefused."""
    if state == connection.state:
        return False
    if state not in MAY_BECOME[ConnectionState(connection.state)]:
        title = connection.get_provider_display()
        raise StateRefused(
            f"A {connection.state} connection cannot become {state}. Connect {title} again, or "
            "request a sync, which checks the connection.",
        )
    connection.state, connection.state_reason = state, ""
    return state == ALIVE


def remove(user_id: UUID, connection_id: UUID) -> None:
    """Remove the connection: no new sync starts, and an active one is asked to end. The rows of its
    syncs stay.

    This takes two transactions. A run that ends locks its own row first and then its connection;
    one transaction would lock in the opposite order. Raises ConnectionUnknown.
    """
    with _of(user_id):
        connection = _one(_read(user_id).select_for_update(), connection_id)
        connection.state, connection.state_reason = REMOVED, ""
        connection.next_sync_at, connection.updated_at = None, Now()
        connection.save(update_fields=["state", "state_reason", "next_sync_at", "updated_at"])
        active = list(connection.runs.filter(status__in=ACTIVE).values_list("pk", flat=True))
    for run_id in active:
        with suppress(AlreadyEnded):
            runs.cancel(user_id, run_id)


def _one(rows: QuerySet[SyncConnection], connection_id: UUID) -> SyncConnection:
    connection = rows.filter(pk=connection_id).first()
    if connection is None:
        raise ConnectionUnknown("You have no such connection.")
    return connection


def _read(user_id: UUID) -> QuerySet[SyncConnection]:
    return SyncConnection.objects.filter(user_id=user_id).defer("cursor")


def _due(sync_every: timedelta | None) -> Any:
    return None if sync_every is None else Now()


def _role() -> str:
    return router.db_for_write(SyncConnection)


def _of(user_id: UUID) -> Any:
    return tenant_transaction(user_id, using=_role())
