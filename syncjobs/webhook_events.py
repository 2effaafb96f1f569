"""What Nango's webhooks hint at. None is believed: a sync finds out.

A webhook can be delivered twice, late, or again by somebody who overheard it: it carries neither an
id nor a time. So taking one has no effect that may not happen twice.
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

APART = timedelta(seconds=60)  # between the starts of one connection's runs
MOST = 255  # characters of an id
Rows = QuerySet[SyncConnection]
ROLE = "owner"  # a webhook names no tenant
SUSPECTED = "Nango could not renew the authorisation: a sync will find out."
PROVIDERS = {  # Nango's name of a provider, and ours
    "google-mail": Provider.GMAIL,
    "google-drive": Provider.GDRIVE,
    "zoho-mail": Provider.ZOHO_MAIL,
    **{each.value: each for each in Provider},
}


@dataclass(frozen=True, slots=True)
class Hint:
    """A webhook's words; '' and None where it has none. `owner` is our user's id."""

    type: str
    operation: str
    success: bool | None
    nango_id: str
    integration: str
    provider: str
    owner: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a hint. `reason` says why nothing did, or why nothing new did."""

    accepted: bool
    reason: str = ""
    connection: UUID | None = None
    run: UUID | None = None


def read(body: Mapping[str, Any]) -> Hint:
    """The webhook's body, of which nothing is taken for granted."""
    success = body.get("success")
    return Hint(
        type=_text(body.get("type")),
        operation=_text(body.get("operation")),
        success=success if isinstance(success, bool) else None,
        nango_id=_text(body.get("connectionId")),
        integration=_text(body.get("providerConfigKey")),
        provider=_text(body.get("provider")),
        owner=next(map(_text, owners(body)), ""),
    )


def _text(given: object) -> str:
    """Printable ASCII, or nothing."""
    if not isinstance(given, str) or len(given) > MOST:
        return ""
    return given if given.isascii() and given.isprintable() else ""


def take(hint: Hint) -> Taken:
    """Mark the connection, make it, or accept a sync of it, as the hint has it."""
    match hint:
        case Hint(type="auth" | "sync" | "forward", nango_id=""):
            return Taken(accepted=False, reason="It names no connection.")
        case Hint(type="auth", success=True):
            return _authorised(hint)
        case Hint(type="auth", success=False, operation="refresh"):
            return _suspected(hint)
        case Hint(type="sync", success=True) | Hint(type="forward"):
            return _news(hint)
        case Hint(type="auth" | "sync"):
            return Taken(accepted=False, reason="It failed at Nango: there is nothing to fetch.")
    return Taken(accepted=False, reason="This type of webhook is not known here.")


def _authorised(hint: Hint) -> Taken:
    found = _found(hint) or _made(hint)
    if found is None:
        return _nobodys()
    unwell = [ConnectionState.SUSPECT, ConnectionState.DEAD]
    return _synced(found, unwell, ConnectionState.ALIVE)


def _suspected(hint: Hint) -> Taken:
    found = _found(hint)
    if found is None:
        return _nobodys()
    return _synced(found, [ConnectionState.ALIVE], ConnectionState.SUSPECT, SUSPECTED)


def _news(hint: Hint) -> Taken:
    found = _found(hint)
    return _nobodys() if found is None else _synced(found)


def _nobodys() -> Taken:
    return Taken(accepted=False, reason="No connection here goes by that id.")


def _found(hint: Hint) -> SyncConnection | None:
    known = SyncConnection.objects.using(ROLE).exclude(state=ConnectionState.REMOVED)
    return _named(hint, known).order_by("created_at", "id").first()


def _named(hint: Hint, known: Rows) -> Rows:
    integration = Q(integration=hint.integration)
    if hint.integration in Provider.values:
        integration |= Q(integration="", provider=hint.integration)
    return known.filter(integration, nango_connection_id=hint.nango_id).defer("cursor")


def _made(hint: Hint) -> SyncConnection | None:
    """A connection of the user whom the hint names; None where that is nobody.

    None too where there was one that is removed: an old webhook, sent again, must not undo that.
    """
    provider = PROVIDERS.get(hint.integration) or PROVIDERS.get(hint.provider)
    user_id = _user(hint.owner)
    if provider is None or user_id is None:
        return None
    if _named(hint, SyncConnection.objects.using(ROLE)).exists():
        return _found(hint)
    integration = "" if hint.integration == provider.value else hint.integration
    try:
        return connections.register(user_id, provider.value, hint.nango_id, integration=integration)
    except AlreadyConnected:  # by the same webhook, at the same time; or by another integration
        return _found(hint)


def _user(owner: str) -> UUID | None:
    try:
        wanted = UUID(owner)
    except ValueError:
        return None
    users = get_user_model().objects.using(ROLE).filter(pk=wanted, is_active=True)
    return wanted if users.exists() else None


def _synced(
    connection: SyncConnection,
    only_from: Sequence[ConnectionState] = (),
    state: ConnectionState | None = None,
    reason: str = "",
) -> Taken:
    """Accept a sync, no sooner than APART after the last one began; one active run is enough."""
    user_id = connection.user_id
    with tenant_transaction(user_id, using=router.db_for_write(SyncRun)):
        mine = SyncConnection.objects.filter(user_id=user_id, pk=connection.pk)
        if state is not None:
            mine.filter(state__in=only_from).update(
                state=state, state_reason=reason, updated_at=Now()
            )
        try:
            run = runs.accept(
                user_id, connection.pk, trigger=Trigger.WEBHOOK, not_before=_not_before(connection)
            )
        except AlreadyActive as error:
            return Taken(True, str(error), connection.pk, error.run_id)
        except ConnectionUnusable as error:
            return Taken(False, str(error), connection.pk)
    return Taken(accepted=True, connection=connection.pk, run=run.pk)


def _not_before(connection: SyncConnection) -> datetime | None:
    """None: at once."""
    begun = SyncRun.objects.filter(
        user_id=connection.user_id, connection_id=connection.pk, started_at__isnull=False
    ).order_by("-created_at")
    last = begun.values_list("started_at", flat=True).first()
    if last is None or last + APART <= timezone.now():
        return None
    return last + APART
