"""Changes the state of deliveries in the database.

These functions read and write rows of all tenants, so they run as the owner. All may raise
django.db's OperationalError or InterfaceError.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from syncjobs import backoff, sql
from syncjobs.alerts import wake_up
from syncjobs.failures import record
from syncjobs.failures.masking import masked
from syncjobs.failures.record import Trouble
from syncjobs.models import OPERATORS, Delivery, DeliveryEndpoint, JobFailure
from syncjobs.models.choices import DeliveryState, FailureStatus

ROLE = "owner"
KEPT = 10  # newest attempts of a message that are stored
ENDPOINTS = 500  # endpoints that are enqueued at once
WORDS = 300  # characters of an attempt's error


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to deliver to an endpoint, until its lease ends."""

    endpoint: DeliveryEndpoint
    fence: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of one attempt to deliver a message. `error` is empty if the message was
    delivered.

    `seconds` is how long the attempt took. `after` is the wait in seconds that the receiver asked
    for. `is_gone` means that the receiver wants no more messages.
    """

    message: Delivery
    seconds: float
    error: str = ""
    error_class: str = ""
    is_permanent: bool = False
    is_gone: bool = False
    after: float | None = None


def claimed(endpoint_id: UUID, worker: str) -> Claim | None:
    """Lease the endpoint to this worker and return the claim.

    None if nothing may be delivered to the endpoint now, or if a worker delivers already to this
    endpoint or to another endpoint of the same tenant.
    """
    values = {**_leased(endpoint_id), "worker": worker, "operators": OPERATORS}
    with transaction.atomic(using=ROLE):
        _rows("alerts/turn_locked", values)
        rows = _rows("alerts/claimed", values)
    if not rows:
        return None
    return Claim(DeliveryEndpoint.objects.using(ROLE).get(pk=endpoint_id), rows[0][0])


def due(claim: Claim, most: int) -> list[Delivery]:
    """At most `most` of the endpoint's messages whose next attempt is due, the longest overdue
    first."""
    waiting = Delivery.objects.using(ROLE).filter(
        endpoint=claim.endpoint, state=DeliveryState.WAITING, next_try_at__lte=Now()
    )
    return list(waiting.order_by("next_try_at")[:most])


def renewed(claim: Claim) -> Claim | None:
    """Renew the lease and return the claim with the endpoint as it is now. None if another worker
    has taken over, or if the endpoint was disabled or deleted."""
    key = claim.endpoint.pk
    if not _changed("alerts/renewed", {**_leased(key), "fence": claim.fence}):
        return None
    endpoint = DeliveryEndpoint.objects.using(ROLE).filter(pk=key).first()
    return Claim(endpoint, claim.fence) if endpoint else None


def released(claim: Claim) -> None:
    """End the claim's lease, and enqueue the endpoint of the same tenant whose messages have waited
    longest."""
    _changed("alerts/released", {"endpoint": claim.endpoint.pk, "fence": claim.fence})
    wake_up.endpoints(_due(1, tenant=claim.endpoint.user_id))


def recorded(outcomes: Sequence[Sent]) -> None:
    """Record the results of attempts in one transaction. Each message is then delivered, waits for
    its next attempt, or failed with a dead letter."""
    with transaction.atomic(using=ROLE):
        for sent in outcomes:
            _recorded(sent)


def _recorded(sent: Sent) -> None:
    rows = Delivery.objects.using(ROLE).select_for_update(of=("self",))
    message = rows.filter(pk=sent.message.pk, state=DeliveryState.WAITING).first()
    if message is None:  # another worker, which took the lease over, has ended it
        return
    message.tries += 1
    message.attempts = [*message.attempts, _attempt(sent)][-KEPT:]
    message.error = masked(sent.error)[:WORDS]
    if not sent.error:
        message.state, message.ended_at = DeliveryState.DELIVERED, Now()
        _resolved(message)
    elif sent.is_permanent or message.tries >= settings.DELIVERIES["max_tries"]:
        message.state, message.ended_at = DeliveryState.FAILED, Now()
        message.failure_id = record.of_delivery(_undelivered(message, sent))
    else:
        wait = backoff.wait(settings.DELIVERIES["backoff"], message.tries, sent.after)
        message.next_try_at = Now() + timedelta(seconds=min(wait, backoff.CAP))
    message.save(using=ROLE)
    if sent.is_gone:
        _disabled(sent)


def _attempt(sent: Sent) -> dict[str, Any]:
    return {
        "at": timezone.now().isoformat(timespec="seconds"),
        "seconds": round(sent.seconds, 3),
        "error": masked(sent.error)[:WORDS],
    }


def _resolved(message: Delivery) -> None:
    """Resolve the dead letter of a message that was delivered after all."""
    if message.failure_id is None:
        return
    unsettled = (FailureStatus.OPEN, FailureStatus.IGNORED, FailureStatus.REPLAYING)
    rows = JobFailure.objects.using(ROLE).filter(pk=message.failure_id, status__in=unsettled)
    note = f"Message {message.pk} was delivered."
    rows.update(status=FailureStatus.RESOLVED, settled_at=Now(), note=note)


def _undelivered(message: Delivery, sent: Sent) -> record.Undelivered:
    return record.Undelivered(
        delivery_id=message.pk,
        user_id=None if message.user_id == OPERATORS else message.user_id,
        endpoint=str(sent.message.endpoint_id),
        event=message.event,
        tries=message.tries,
        failure_id=message.failure_id,
        trouble=Trouble(sent.error_class, message.error, location="syncjobs/tasks.py:deliver"),
    )


def _disabled(sent: Sent) -> None:
    """Disable the endpoint, because its receiver answered 410 (Gone)."""
    DeliveryEndpoint.objects.using(ROLE).filter(pk=sent.message.endpoint_id).update(
        is_enabled=False, note="It answered 410 (Gone), so it wants no more.", updated_at=Now()
    )


def again(delivery_id: UUID, not_before: datetime | None) -> None:
    """Set a delivered or failed message back to waiting, and its count of attempts to 0.

    It is sent from `not_before` on; None means at once. Runs in the caller's transaction as the
    owner.
    """
    rows = Delivery.objects.using(ROLE).filter(pk=delivery_id)
    rows.update(
        state=DeliveryState.WAITING,
        tries=0,
        ended_at=None,
        error="",
        next_try_at=not_before or Now(),
    )


def enqueue_due() -> dict[str, Any]:
    """Enqueue the endpoints that have due messages, such as retries and messages whose job Redis
    lost.

    First ends the replays of messages whose endpoint was disabled, and reopens their dead letters.
    Returns {"endpoints": the number of enqueued endpoints}.
    """
    _changed("alerts/replays_ended", {})
    ids = _due(ENDPOINTS)
    wake_up.unleased(ids)
    return {"endpoints": len(ids)}


def _due(limit: int, *, tenant: UUID | None = None) -> list[UUID]:
    """The ids of at most `limit` endpoints that have due messages and no worker: endpoints of one
    tenant, or of all tenants if `tenant` is None."""
    values = {"limit": limit, "tenant": tenant, "operators": OPERATORS}
    return [key for (key,) in _rows("alerts/due", values)]


def _leased(endpoint_id: UUID) -> dict[str, Any]:
    """The parameters of the statements that lease an endpoint: its id, and the length of the lease
    in seconds, which is longer than any attempt."""
    lease = max(float(settings.SYNC_LEASE), 2 * float(settings.DELIVERIES["timeout"]))
    return {"endpoint": endpoint_id, "lease": lease}


def _rows(name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), values)
        return list(cursor.fetchall())


def _changed(name: str, values: dict[str, Any]) -> bool:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), values)
        return bool(cursor.rowcount)
