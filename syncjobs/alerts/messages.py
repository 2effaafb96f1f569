"""Accepts messages for delivery, in the caller's transaction."""

import json
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
    """As `deliver`, but the message waits while the endpoint has its quiet hours."""
    not_before = quiet_hours.end(endpoint, timezone.now())
    return deliver(endpoint, event, data, title=title, key=key, not_before=not_before)


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
    if "\\u0000" in body:
        raise ValueError("The data of a message contains a NUL character.")
    return body
