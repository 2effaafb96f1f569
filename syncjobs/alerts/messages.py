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
class Content:
    """The content of a message. `deliver` explains the fields."""

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
    """Accept a message for one endpoint. Return None if the endpoint has a message with this `key`
    already.

    `event` is the message's type in words with dots, such as "import.done". `data` is JSON; UUIDs,
    decimals and times become text. `title` is a sentence for people, and the subject of a mail. The
    message is sent from `not_before` on. Raises ValueError for data that is too long or not JSON.
    """
    content = Content(event, data, title, key)
    accepted = _accepted([endpoint], content, not_before)
    return accepted[0] if accepted else None


def deliver_or_explain(
    endpoint: DeliveryEndpoint,
    event: str,
    data: Mapping[str, Any],
    *,
    title: str,
    key: str,
    not_before: datetime | None = None,
) -> Delivery | None:
    """Accept a message for one endpoint, with the parameters and the result of `deliver`. If a
    message cannot hold the data, the message has the reason in place of the data, and the reason is
    logged.

    So one such message does not stop others, and is not tried again.
    """
    try:
        return deliver(endpoint, event, data, title=title, key=key, not_before=not_before)
    except ValueError as error:
        reason = {"left_out": str(error)}
        accepted = deliver(endpoint, event, reason, title=title, key=key, not_before=not_before)
        if accepted is not None:
            log.warning("the message %s is sent without its data: %s", accepted.pk, error)
        return accepted


def publish(
    user_id: UUID, event: str, data: Mapping[str, Any], *, title: str = "", key: str = ""
) -> list[Delivery]:
    """Accept a message for each enabled endpoint of the tenant that wants messages of the type
    `event`.

    Returns the accepted messages; an endpoint that has a message with this `key` already gets none.
    The parameters are those of `deliver`.
    """
    wanted = Q(events=[]) | Q(events__contains=[event])
    rows = DeliveryEndpoint.objects.filter(wanted, user_id=user_id, is_enabled=True)
    return _accepted(rows, Content(event, data, title, key), None)


def alert(
    endpoint: DeliveryEndpoint, event: str, data: Mapping[str, Any], *, title: str, key: str
) -> Delivery | None:
    """Accept an alert for one endpoint. During the endpoint's quiet hours the message waits until
    they end. Otherwise this does the same as `deliver_or_explain`."""
    not_before = quiet_hours.end(endpoint, timezone.now())
    return deliver_or_explain(endpoint, event, data, title=title, key=key, not_before=not_before)


def _accepted(
    endpoints: Iterable[DeliveryEndpoint], content: Content, not_before: datetime | None
) -> list[Delivery]:
    now = timezone.now()
    body = _body(content, now)
    rows = [
        Delivery(
            id=uuid4(),
            user_id=endpoint.user_id,
            endpoint=endpoint,
            event=content.event,
            key=content.key,
            title=(content.title or content.event).replace("\0", "")[:MOST_TITLE],
            body=body,
            next_try_at=not_before or now,
        )
        for endpoint in endpoints
    ]
    alias = router.db_for_write(Delivery)
    with transaction.atomic(using=alias):
        Delivery.objects.bulk_create(rows, ignore_conflicts=bool(content.key))
        ids = [row.pk for row in rows]
        written = set(Delivery.objects.filter(pk__in=ids).values_list("pk", flat=True))
        accepted = [row for row in rows if row.pk in written]
        if accepted and not_before is None:
            woken = {row.endpoint_id for row in accepted}
            transaction.on_commit(partial(wake_up.endpoints, woken), using=alias)
    return accepted


def _body(content: Content, now: datetime) -> str:
    """The message's JSON. Raises ValueError if the data is too long, not JSON, or contains NUL."""
    message = {"type": content.event, "timestamp": now.isoformat(), "data": content.data}
    try:
        body = json.dumps(message, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False)
        body.encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"The data of a message must be JSON: {error}.") from None
    if len(body) > MOST:
        raise ValueError(f"A message has at most {MOST:,} characters.")
    if _holds_nul(content.data):
        raise ValueError("The data of a message contains a NUL character.")
    return body


def _holds_nul(value: Any) -> bool:
    """Return whether a text anywhere in the value has a NUL character, which PostgreSQL cannot
    store."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(map(_holds_nul, (*value, *value.values())))
    return isinstance(value, list | tuple) and any(map(_holds_nul, value))
