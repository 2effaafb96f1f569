"""Accepts messages for delivery, in the caller's transaction."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db import router, transaction
from django.db.models import Q
from django.utils import timezone

from syncjobs.alerts import quiet_hours, wake_up
from syncjobs.models import Delivery, DeliveryEndpoint

log = logging.getLogger(__name__)
MOST = 256_000  # characters of a body
MOST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says, to whomever: see `deliver`."""

    event: str
    data: Mapping[str, Any]
    title: str
    key: str


def deliver(
    endpoint: DeliveryEndpoint,
    event: str,
    data: Mapping[str, Any],
    *,
    title: str = "",
    key: str = "",
    not_before: datetime | None = None,
) -> Delivery | None:
    """Accept a message for one endpoint; None if it got one with this `key` before.

    `event` is its type in words with dots, such as "import.done". `data` is JSON; UUIDs, decimals
    and times become text. `title` is a sentence for people, the subject of a mail. Raises
    ValueError for data that is too long or not JSON.
    """
    said = Said(event, data, title, key)
    accepted = _accepted([endpoint], said, not_before)
    return accepted[0] if accepted else None


def deliver_or_say(
    endpoint: DeliveryEndpoint,
    event: str,
    data: Mapping[str, Any],
    *,
    title: str,
    key: str,
    not_before: datetime | None = None,
) -> Delivery | None:
    """As `deliver`, but data that no message can hold is replaced by the reason, so that one such
    message stops no other, and is accepted and logged once only."""
    try:
        return deliver(endpoint, event, data, title=title, key=key, not_before=not_before)
    except ValueError as error:
        reason = {"left_out": str(error)}
        said = deliver(endpoint, event, reason, title=title, key=key, not_before=not_before)
        if said is not None:
            log.warning("the message %s is sent without its data: %s", said.pk, error)
        return said


def publish(
    user_id: UUID, event: str, data: Mapping[str, Any], *, title: str = "", key: str = ""
) -> list[Delivery]:
    """Accept a message for each enabled endpoint of the tenant that wants this type."""
    wanted = Q(events=[]) | Q(events__contains=[event])
    rows = DeliveryEndpoint.objects.filter(wanted, user_id=user_id, is_enabled=True)
    return _accepted(rows, Said(event, data, title, key), None)


def alert(
    endpoint: DeliveryEndpoint, event: str, data: Mapping[str, Any], *, title: str, key: str
) -> Delivery | None:
    """As `deliver_or_say`, but the message waits while the endpoint has its quiet hours."""
    not_before = quiet_hours.end(endpoint, timezone.now())
    return deliver_or_say(endpoint, event, data, title=title, key=key, not_before=not_before)


def _accepted(
    endpoints: Iterable[DeliveryEndpoint], said: Said, not_before: datetime | None
) -> list[Delivery]:
    now = timezone.now()
    body = _body(said, now)
    rows = [
        Delivery(
            id=uuid4(),
            user_id=endpoint.user_id,
            endpoint=endpoint,
            event=said.event,
            key=said.key,
            title=(said.title or said.event).replace("\0", "")[:MOST_TITLE],
            body=body,
            next_try_at=not_before or now,
        )
        for endpoint in endpoints
    ]
    alias = router.db_for_write(Delivery)
    with transaction.atomic(using=alias):
        Delivery.objects.bulk_create(rows, ignore_conflicts=bool(said.key))
        ids = [row.pk for row in rows]
        written = set(Delivery.objects.filter(pk__in=ids).values_list("pk", flat=True))
        accepted = [row for row in rows if row.pk in written]
        if accepted and not_before is None:
            woken = {row.endpoint_id for row in accepted}
            transaction.on_commit(partial(wake_up.endpoints, woken), using=alias)
    return accepted


def _body(said: Said, now: datetime) -> str:
    """Raises ValueError."""
    message = {"type": said.event, "timestamp": now.isoformat(), "data": said.data}
    try:
        body = json.dumps(message, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False)
        body.encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"The data of a message must be JSON: {error}.") from None
    if len(body) > MOST:
        raise ValueError(f"A message has at most {MOST:,} characters.")
    if _holds_nul(said.data):
        raise ValueError("The data of a message contains a NUL character.")
    return body


def _holds_nul(value: Any) -> bool:
    """Whether a text within the value has a NUL character, which PostgreSQL cannot store."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(map(_holds_nul, (*value, *value.values())))
    return isinstance(value, list | tuple) and any(map(_holds_nul, value))
