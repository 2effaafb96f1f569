"""Creates endpoints of messages and changes their secrets.

An endpoint belongs to a tenant or to the operators (OPERATORS). A secret is returned only once, by
the function that makes it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Now
from django.utils import timezone

from syncjobs.alerts import address_guard, sealed_secrets, signatures
from syncjobs.errors import AddressRefused, EndpointRefused
from syncjobs.models import OPERATORS, DeliveryEndpoint
from syncjobs.models.choices import Channel

OVERLAP = timedelta(hours=24)  # in which messages are also signed with the former secret
MOST_NAME = 100  # characters
CHAT_URL = "Write an address of apprise, such as slack://TOKEN_A/TOKEN_B/TOKEN_C."


def create(
    user_id: UUID,
    *,
    name: str,
    channel: Channel,
    address: str,
    events: Sequence[str] = (),
    **options: Any,
) -> tuple[DeliveryEndpoint, str]:
    """Create an endpoint. Return it with its signing secret, which is empty unless it is a webhook.

    `options` are further fields, such as the quiet hours. Raises EndpointRefused, also for an
    address to which nothing could ever be sent. A webhook's host is not resolved before a message
    is sent.
    """
    shown, secret = _checked(user_id, channel, address.strip())
    endpoint = DeliveryEndpoint(
        id=uuid4(),
        user_id=user_id,
        name=_named(name),
        channel=channel.value,
        address=shown,
        events=list(events),
        secret=sealed_secrets.seal(secret) if secret else "",
        **options,
    )
    must_be_consistent(endpoint)
    endpoint.save(force_insert=True)
    return endpoint, secret if channel == Channel.WEBHOOK else ""


def _named(name: str) -> str:
    name = name.replace("\0", "").strip()
    if not 0 < len(name) <= MOST_NAME:
        raise EndpointRefused(f"Give it a name of at most {MOST_NAME} characters.", "name")
    return name


def _checked(user_id: UUID, channel: Channel, address: str) -> tuple[str, str]:
    """Check the address. Return the address to show, and the endpoint's secret. Raises
    EndpointRefused."""
    if channel == Channel.WEBHOOK:
        try:
            address_guard.must_be_possible(address, user_id)
        except AddressRefused as error:
            raise EndpointRefused(str(error), "address") from None
        return address, signatures.new_secret()
    if channel == Channel.EMAIL:
        try:
            validate_email(address)
        except ValidationError:
            raise EndpointRefused("This is not an e-mail address.", "address") from None
        return address, ""
    if user_id != OPERATORS:
        raise EndpointRefused("Only operators may have chats as endpoints.", "channel")
    service, separator, rest = address.partition("://")
    if not separator or not rest or not service.isalnum():
        raise EndpointRefused(CHAT_URL, "address")
    return service, address  # the rest holds the service's tokens


def must_be_consistent(endpoint: DeliveryEndpoint) -> None:
    """Raises EndpointRefused if only one end of the quiet hours is set, or if the time zone is
    unknown."""
    if (endpoint.quiet_from is None) != (endpoint.quiet_until is None):
        raise EndpointRefused("Give both ends of the quiet hours, or none.", "quiet_until")
    if endpoint.zone and endpoint.zone not in available_timezones():
        raise EndpointRefused("Write a time zone such as Europe/London.", "zone")


def rotate(endpoint: DeliveryEndpoint, *, overlap: timedelta = OVERLAP) -> str:
    """Give a webhook a new secret and return it. The old secret also signs until `overlap` is over.

    Raises EndpointRefused if the endpoint is not a webhook.
    """
    if endpoint.channel != Channel.WEBHOOK:
        raise EndpointRefused("Only webhooks have a secret to rotate.", "channel")
    secret = signatures.new_secret()
    endpoint.former_secret, endpoint.secret = endpoint.secret, sealed_secrets.seal(secret)
    endpoint.former_until = timezone.now() + overlap
    endpoint.updated_at = Now()
    endpoint.save(update_fields=["secret", "former_secret", "former_until", "updated_at"])
    return secret


def signing_keys(endpoint: DeliveryEndpoint) -> list[str]:
    """The secrets that sign now, the newest first. Raises SecretUnreadable."""
    keys = [endpoint.secret]
    if endpoint.former_until is not None and endpoint.former_until > timezone.now():
        keys.append(endpoint.former_secret)
    return [sealed_secrets.unseal(key) for key in keys]


def rotate_keys() -> int:
    """Encrypt every stored secret by the first key; return their number. Raises SecretUnreadable.

    Former secrets whose overlap has ended are deleted. Runs as the owner, of all tenants.
    """
    rows = DeliveryEndpoint.objects.using("owner").exclude(secret="")
    rows.filter(former_until__lte=Now()).update(former_secret="", former_until=None)
    count = 0
    for endpoint in rows:
        sealed = {"secret": sealed_secrets.rotated(endpoint.secret)}
        if endpoint.former_secret:
            sealed["former_secret"] = sealed_secrets.rotated(endpoint.former_secret)
        # leave the row if somebody has given the endpoint a new secret meanwhile
        count += rows.filter(pk=endpoint.pk, secret=endpoint.secret).update(**sealed)
    return count
