"""Requests for reading unreadable and held items again."""

from collections.abc import Sequence
from uuid import UUID

from syncjobs import runs
from syncjobs.errors import AlreadyActive, ConnectionUnusable
from syncjobs.models import ExternalItem
from syncjobs.models.choices import ItemUse, Trigger

UNREAD = (ItemUse.UNREADABLE, ItemUse.QUARANTINED, ItemUse.HELD)


def read_again(ids: Sequence[UUID]) -> tuple[int, int]:
    """Mark those of the items that are unreadable, quarantined or held to be read again, and
    request a sync of each of their connections.

    Returns the number of items, and the number of requested syncs. If a sync of the connection is
    active, or none can be requested now, the next sync reads them. Runs as the owner, because the
    items may belong to several tenants.
    """
    items = ExternalItem.objects.using("owner").filter(
        pk__in=ids, used_as__in=UNREAD, deleted_at=None
    )
    connections = set(items.values_list("user_id", "connection_id"))
    count = items.update(used_as=ItemUse.UNREADABLE, failures=1)
    accepted = 0
    for user_id, connection_id in connections:
        try:
            runs.accept(user_id, connection_id, trigger=Trigger.REQUEST)
            accepted += 1
        except (AlreadyActive, ConnectionUnusable):
            continue
    return count, accepted
