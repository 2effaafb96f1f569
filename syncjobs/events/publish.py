"""Finds new events in tenants' books, and sends each to the tenant's endpoints that want its type.

Every message has a key, and an endpoint gets only one message with the same key. So a search that
is repeated or interrupted sends nothing twice. An endpoint gets events from its creation on.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import groupby
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q

from graph.database.role import as_owner
from graph.questions import spend
from graph.view import version
from syncjobs import sql
from syncjobs.alerts import messages
from syncjobs.database_threads import UNREACHABLE
from syncjobs.events.event_types import (
    EVENT_TYPES,
    IMPORT_DONE,
    PRICE_RISEN,
    VERSION_CHANGED,
    EventType,
)
from syncjobs.models import OPERATORS, DeliveryEndpoint

log = logging.getLogger(__name__)
ROLE = "owner"
DAYS = 7  # of events that are searched; the messages, whose keys prevent repeats, are kept longer
MOST = 500  # messages of a type per search; the others follow in the next search
GROUPS = 1_000  # parties whose prices are searched for rises


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: its key, which is unique within its type, a sentence for people, and its data."""

    key: str
    title: str
    data: dict[str, Any]


class LastLook:
    """What this process remembers of its last search for events.

    `versions` maps an endpoint's id to the graph's version that it was last told; prices are read
    again only if the version has changed. `broken` has the names of the parts of the search that
    failed.
    """

    versions: ClassVar[dict[UUID, str]] = {}
    broken: ClassVar[set[str]] = set()


def look() -> dict[str, int]:
    """Find new events in all tenants' books and send messages about them. Returns {"messages": the
    number of new messages}."""
    count = 0
    for event in EVENT_TYPES:
        if event.query:
            with _isolated(event.name):
                count += _sent(event.name, _of_query(event))
    for user_id, endpoints in _listening():
        with _isolated(f"tenant {user_id}"):
            count += _of_tenant(user_id, endpoints)
    return {"messages": count}


def imported(user_id: UUID, file: str) -> int:
    """Send messages about a file that a command imported: uploads are found by `look`, but commands
    leave no row. Return the number of messages."""
    wanted = Q(events=[]) | Q(events__contains=[IMPORT_DONE])
    endpoints = DeliveryEndpoint.objects.using(ROLE).filter(wanted, is_enabled=True)
    data = {"upload": None, "name": file}
    happened = Happened(str(uuid4()), f"Imported: {file}", data)
    rows = endpoints.filter(user_id=user_id).order_by("pk")
    return _sent(IMPORT_DONE, [(endpoint, happened) for endpoint in rows])


@contextmanager
def _isolated(what: str) -> Iterator[None]:
    """Log an error that the block raises and go on, so that other parts of the search are not
    affected. `what` names the part.

    An error of the same part is logged once until the part succeeds again. Errors of an unreachable
    database are raised.
    """
    try:
        yield
    except UNREACHABLE:
        raise
    except Exception:
        if what not in LastLook.broken:
            log.exception("events cannot be sent: %s", what)
        LastLook.broken.add(what)
    else:
        LastLook.broken.discard(what)


def _of_query(event: EventType) -> Iterator[tuple[DeliveryEndpoint, Happened]]:
    values: dict[str, Any] = {
        "event": event.name,
        "operators": OPERATORS,
        "days": min(DAYS, settings.SYNC_KEEP_DAYS),
        "limit": MOST,
    }
    text = sql.read("events/not_sent").replace("{event}", sql.read(f"events/{event.query}"))
    with connections[ROLE].cursor() as cursor:
        cursor.execute(text, values)
        rows = cursor.fetchall()
    endpoints = DeliveryEndpoint.objects.using(ROLE).in_bulk({row[0] for row in rows})
    for endpoint_id, key, title, data in rows:
        if endpoint_id in endpoints:
            yield endpoints[endpoint_id], Happened(key, title, json.loads(data))


def _sent(event: str, happened: Iterable[tuple[DeliveryEndpoint, Happened]]) -> int:
    """Accept a message for each (endpoint, event) pair, in one transaction per endpoint. Return the
    number of messages that are new."""
    count = 0
    for endpoint_id, of_endpoint in groupby(happened, key=lambda pair: pair[0].pk):
        with _isolated(f"{event} to {endpoint_id}"):
            count += _accepted(event, of_endpoint)
    return count


def _accepted(event: str, happened: Iterable[tuple[DeliveryEndpoint, Happened]]) -> int:
    """Accept a message for each (endpoint, event) pair, in one transaction as the owner. Return the
    number of messages that are new."""
    count = 0
    with as_owner(), transaction.atomic(using=ROLE):
        for endpoint, one in happened:
            key = f"{event}:{one.key}"
            message = messages.deliver_or_explain(
                endpoint, event, one.data, title=one.title, key=key
            )
            count += message is not None
    return count


def _listening() -> list[tuple[UUID, list[DeliveryEndpoint]]]:
    """The tenants with endpoints that want messages about versions or prices: (tenant's id, these
    endpoints) each.

    An endpoint that names no types wants all types except versions, which are very frequent.
    """
    either = Q(events=[]) | Q(events__overlap=[VERSION_CHANGED, PRICE_RISEN])
    rows = DeliveryEndpoint.objects.using(ROLE).filter(either, is_enabled=True)
    ordered = rows.exclude(user_id=OPERATORS).order_by("user_id", "pk")
    return [(user, list(rows)) for user, rows in groupby(ordered, key=lambda row: row.user_id)]


def _of_tenant(user_id: UUID, endpoints: Iterable[DeliveryEndpoint]) -> int:
    """Send these endpoints messages about the tenant's new version and new price rises. Return the
    number of new messages."""
    now = version.version(user_id)
    count = 0

    @cache
    def prices() -> list[Any]:
        return list(spend.spend(user_id, periods=1, limit=GROUPS)["results"])

    for endpoint in endpoints:
        if LastLook.versions.get(endpoint.pk) != now:
            with _isolated(f"version to {endpoint.pk}"):
                count += _of_version(endpoint, now, prices)
                LastLook.versions[endpoint.pk] = now
    return count


def _of_version(endpoint: DeliveryEndpoint, now: str, prices: Callable[[], list[Any]]) -> int:
    count = 0
    if VERSION_CHANGED in endpoint.events:
        data = {"version": now, "since": LastLook.versions.get(endpoint.pk)}
        changed = Happened(now, "The graph has changed", data)
        count += _accepted(VERSION_CHANGED, [(endpoint, changed)])
    if not endpoint.events or PRICE_RISEN in endpoint.events:
        rises = [(endpoint, rise) for rise in _rises(prices(), endpoint)]
        count += _accepted(PRICE_RISEN, rises)
    return count


def _rises(groups: Iterable[dict[str, Any]], endpoint: DeliveryEndpoint) -> Iterator[Happened]:
    """Yield a message for each price rise that is new to the endpoint: one that began later than 31
    days before the endpoint was created. `groups` are rows of the answer to `spend/`."""
    since = (endpoint.created_at - timedelta(days=31)).date()
    for group in groups:
        for price in group["prices"]:
            if price["new"] > price["old"] and price["from_day"] >= since:
                yield _risen(group, price)


def _risen(group: dict[str, Any], price: dict[str, Any]) -> Happened:
    share = f"{price['change_share']:.0%}"
    return Happened(
        f"{group['party_id'] or group['name']}:{price['from_day']}:{price['new']}",
        f"A price rose by {share}: {group['name']}",
        {
            "party": group["party_id"],
            "name": group["name"],
            "currency": group["currency"],
            **{name: price[name] for name in ("from_day", "old", "new", "change_share")},
        },
    )
