"""A tenant's webhooks: create, list, test and delete them, list their messages, and send one
again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from graph.errors import DecidedMeanwhile, NotFound, TooMany
from syncjobs.alerts import endpoints, messages, wake_up
from syncjobs.models import Delivery, DeliveryEndpoint
from syncjobs.models.choices import Channel, DeliveryState

MOST = 20  # webhooks of a tenant
TEST = "test"  # the type of a test message
LOGGED = 100  # messages that are listed


def listed(user_id: UUID) -> list[DeliveryEndpoint]:
    """The tenant's webhooks, oldest first, without their secrets."""
    with tenant_transaction(user_id):
        return list(_webhooks(user_id).order_by("created_at", "pk"))


def create(
    user_id: UUID, *, name: str, address: str, events: Sequence[str]
) -> tuple[DeliveryEndpoint, str]:
    """Create a webhook. Return it with its signing secret, which cannot be read again.

    Raises TooMany, and EndpointRefused for an address to which nothing could ever be sent.
    """
    with tenant_transaction(user_id):
        if _webhooks(user_id).count() >= MOST:
            raise TooMany(f"You have {MOST} subscriptions: delete some first.", after=60)
        endpoint, secret = endpoints.create(
            user_id, name=name, channel=Channel.WEBHOOK, address=address, events=events
        )
        endpoint.refresh_from_db()
        return endpoint, secret


def remove(user_id: UUID, subscription_id: UUID) -> None:
    """Delete the webhook and the log of its messages. Raises NotFound."""
    with tenant_transaction(user_id):
        _one(user_id, subscription_id).delete()


def test(user_id: UUID, subscription_id: UUID) -> Delivery:
    """Accept a test message for the webhook and return it, not yet sent. Raises NotFound."""
    with tenant_transaction(user_id):
        endpoint = _one(user_id, subscription_id)
        data: dict[str, Any] = {"subscription": str(endpoint.pk)}
        message = messages.deliver(endpoint, TEST, data, title="A test of finley")
        assert message is not None  # noqa: S101 - it has no key
        message.refresh_from_db()
        return message


def sent(
    user_id: UUID, subscription_id: UUID, *, state: str | None = None, limit: int = LOGGED
) -> list[Delivery]:
    """The newest messages for a webhook, at most `limit`, newest first. `state` selects one state;
    None means all states. Raises NotFound."""
    with tenant_transaction(user_id):
        endpoint = _one(user_id, subscription_id)
        rows = Delivery.objects.filter(user_id=user_id, endpoint=endpoint)
        chosen = rows.filter(Q() if state is None else Q(state=state))
        return list(chosen.order_by("-created_at", "-pk")[:limit])


def again(user_id: UUID, message_id: UUID) -> Delivery:
    """Let a delivered or failed message be sent again, with the same id. Return it, not yet sent.

    Raises NotFound. Raises DecidedMeanwhile if the message is waiting or its webhook is disabled.
    """
    with tenant_transaction(user_id) as connection:
        message = _message(user_id, message_id)
        if message.state == DeliveryState.WAITING:
            raise DecidedMeanwhile("The message is waiting already.", "id")
        if not message.endpoint.is_enabled:
            raise DecidedMeanwhile("The subscription is disabled: make a new one.", "id")
        message.state, message.error, message.tries = DeliveryState.WAITING, "", 0
        message.ended_at, message.next_try_at = None, Now()
        message.save(update_fields=["state", "error", "tries", "ended_at", "next_try_at"])
        woken = [message.endpoint_id]
        transaction.on_commit(lambda: wake_up.endpoints(woken), using=connection.alias)
        message.refresh_from_db()
        return message


def _webhooks(user_id: UUID) -> Any:
    return DeliveryEndpoint.objects.filter(user_id=user_id, channel=Channel.WEBHOOK)


def _one(user_id: UUID, subscription_id: UUID) -> DeliveryEndpoint:
    endpoint: DeliveryEndpoint | None = _webhooks(user_id).filter(pk=subscription_id).first()
    if endpoint is None:
        raise NotFound("There is no such subscription.", "id")
    return endpoint


def _message(user_id: UUID, message_id: UUID) -> Delivery:
    rows = Delivery.objects.select_for_update().filter(user_id=user_id, pk=message_id)
    message = rows.filter(endpoint__channel=Channel.WEBHOOK.value).first()
    if message is None:
        raise NotFound("There is no such message.", "id")
    return message
