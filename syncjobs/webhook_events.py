"""Handles Nango's webhook events. An event is not trusted: a sync finds out whether it is true.

A webhook has neither an id nor a time. It may be delivered twice or late, or replayed by an
attacker. So handling one again must be harmless.
https://nango.dev/docs/guides/platform/webhooks-from-nango
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import router
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from graph.database.tenancy import tenant_transaction
from syncjobs import connections, runs
from syncjobs.errors import AlreadyActive, AlreadyConnected, ConnectionUnusable
from syncjobs.models import SyncConnection, SyncRun
from syncjobs.models.choices import ConnectionState, Provider, Trigger
from syncjobs.nango import owners
from syncjobs.providers import PROVIDERS

APART = timedelta(seconds=60)  # minimum time between the starts of one connection's runs
MOST = 255  # characters of an id
Rows = QuerySet[SyncConnection]
ROLE = "owner"  # a webhook names no tenant
SUSPECTED = "Nango could not renew the authorisation. A sync will check it."
NAMES = {  # Nango's name of a provider → ours
    alias: provider.name for provider in PROVIDERS for alias in (*provider.aliases, provider.name)
}


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A webhook's fields, '' or None if missing. `owner` is our user's id."""

    type: str
    operation: str
    success: bool | None
    nango_id: str
    integration: str
    provider: str
    owner: str


@dataclass(frozen=True, slots=True)
class Handled:
    """The result of handling an event. `reason` says why nothing was done, or why no new run was
    accepted; else it is ""."""

    accepted: bool
    reason: str = ""
    connection: UUID | None = None
    run: UUID | None = None


def read(body: Mapping[str, Any]) -> WebhookEvent:
    """Parse a webhook's body, which may contain anything."""
    success = body.get("success")
    return WebhookEvent(
        type=_text(body.get("type")),
        operation=_text(body.get("operation")),
        success=success if isinstance(success, bool) else None,
        nango_id=_text(body.get("connectionId")),
        integration=_text(body.get("providerConfigKey")),
        provider=_text(body.get("provider")),
        owner=next(map(_text, owners(body)), ""),
    )


def _text(value: object) -> str:
    """The value if it is printable ASCII text, else ''."""
    if not isinstance(value, str) or len(value) > MOST:
        return ""
    return value if value.isascii() and value.isprintable() else ""


def take(event: WebhookEvent) -> Handled:
    """Do what the event calls for: update or register its connection, or accept a sync. Return what
    was done."""
    match event:
        case WebhookEvent(type="auth" | "sync" | "forward", nango_id=""):
            return Handled(accepted=False, reason="The webhook names no connection.")
        case WebhookEvent(type="auth", success=True):
            return _authorised(event)
        case WebhookEvent(type="auth", success=False, operation="refresh"):
            return _suspected(event)
        case WebhookEvent(type="sync", success=True) | WebhookEvent(type="forward"):
            return _news(event)
        case WebhookEvent(type="auth" | "sync"):
            return Handled(accepted=False, reason="It failed at Nango, so nothing can be fetched.")
    return Handled(accepted=False, reason="This type of webhook is not supported.")


def _authorised(event: WebhookEvent) -> Handled:
    connection = _connection(event) or _registered(event)
    if connection is None:
        return _unknown()
    unwell = [ConnectionState.SUSPECT, ConnectionState.DEAD]
    return _synced(connection, unwell, ConnectionState.ALIVE)


def _suspected(event: WebhookEvent) -> Handled:
    connection = _connection(event)
    if connection is None:
        return _unknown()
    return _synced(connection, [ConnectionState.ALIVE], ConnectionState.SUSPECT, SUSPECTED)


def _news(event: WebhookEvent) -> Handled:
    connection = _connection(event)
    return _unknown() if connection is None else _synced(connection)


def _unknown() -> Handled:
    return Handled(accepted=False, reason="There is no connection with this id.")


def _connection(event: WebhookEvent) -> SyncConnection | None:
    present = SyncConnection.objects.using(ROLE).exclude(state=ConnectionState.REMOVED)
    return _matching(event, present).order_by("created_at", "id").first()


def _matching(event: WebhookEvent, rows: Rows) -> Rows:
    integration = Q(integration=event.integration)
    if event.integration in Provider.values:
        integration |= Q(integration="", provider=event.integration)
    return rows.filter(integration, nango_connection_id=event.nango_id).defer("cursor")


def _registered(event: WebhookEvent) -> SyncConnection | None:
    """Register a connection for the user whom the event names, and return it. None if there is no
    such user, or if the connection was removed: a replayed webhook must not restore it."""
    provider = NAMES.get(event.integration) or NAMES.get(event.provider)
    user_id = _user(event.owner)
    if provider is None or user_id is None:
        return None
    if _matching(event, SyncConnection.objects.using(ROLE)).exists():
        return _connection(event)
    integration = "" if event.integration == provider else event.integration
    try:
        return connections.register(user_id, provider, event.nango_id, integration=integration)
    except AlreadyConnected:  # by a concurrent webhook, or for another integration
        return _connection(event)


def _user(owner: str) -> UUID | None:
    try:
        user_id = UUID(owner)
    except ValueError:
        return None
    users = get_user_model().objects.using(ROLE).filter(pk=user_id, is_active=True)
    return user_id if users.exists() else None


def _synced(
    connection: SyncConnection,
    only_from: Sequence[ConnectionState] = (),
    state: ConnectionState | None = None,
    reason: str = "",
) -> Handled:
    """Set the connection to `state` if it is in one of `only_from`, and accept a sync unless a run
    is active. The sync starts at least APART after the last run's start."""
    user_id = connection.user_id
    with tenant_transaction(user_id, using=router.db_for_write(SyncRun)):
        rows = SyncConnection.objects.filter(user_id=user_id, pk=connection.pk)
        if state is not None:
            rows.filter(state__in=only_from).update(
                state=state, state_reason=reason, updated_at=Now()
            )
        try:
            run = runs.accept(
                user_id, connection.pk, trigger=Trigger.WEBHOOK, not_before=_not_before(connection)
            )
        except AlreadyActive as error:
            return Handled(True, str(error), connection.pk, error.run_id)
        except ConnectionUnusable as error:
            return Handled(False, str(error), connection.pk)
    return Handled(accepted=True, connection=connection.pk, run=run.pk)


def _not_before(connection: SyncConnection) -> datetime | None:
    """The earliest start of the next run, or None if it may start now."""
    started = SyncRun.objects.filter(
        user_id=connection.user_id, connection_id=connection.pk, started_at__isnull=False
    ).order_by("-created_at")
    last = started.values_list("started_at", flat=True).first()
    if last is None or last + APART <= timezone.now():
        return None
    return last + APART
