"""Finds, for a party, another party that may be the same one.

Those are pairs that wait for a person's decision, and parties whose payments other books record
under another name.
"""

from threading import Lock
from typing import Any
from uuid import UUID

from cachetools import LRUCache

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.models import EntityResolution
from graph.models.choices import ResolutionDecision
from graph.reading import current_rows
from graph.reading.current_rows import Reader

Answer = dict[str, Any]
_seen: LRUCache[tuple[UUID, str], list[Answer]] = LRUCache(maxsize=64)
_lock = Lock()


def perhaps_the_same(user_id: UUID) -> dict[UUID, Answer]:
    """Return party → the other party that may be the same one: its `id`, `name` and `payments`.

    `payments` is the number of payments that other books have under that name; 0 if only the names
    are alike. Pairs that a person keeps apart are left out. Raises ViewMissing, ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        seen = _seen_as(reader, user_id)
    with tenant_transaction(user_id):
        pairs = EntityResolution.objects.filter(user_id=user_id)
        ended = pairs.filter(decided=ResolutionDecision.APART).values_list("kept_id", "merged_id")
        apart = {frozenset(ends) for ends in ended}
        waiting = pairs.filter(decided=ResolutionDecision.OPEN).select_related("kept", "merged")
        others = _alike(waiting.order_by("confidence", "-id"))
    for row in seen:
        ends = UUID(row["id"]), UUID(row["other"])
        if frozenset(ends) not in apart:
            others[ends[0]] = {"id": ends[1], "name": row["name"], "payments": row["payments"]}
    return others


def _seen_as(reader: Reader, user_id: UUID) -> list[Answer]:
    """Return pairs of parties: one as these books name it, and the one that other books name for
    the same payments. They are read once per version."""
    key = user_id, reader.version
    with _lock:
        stored = _seen.get(key)
    if stored is None:
        stored = reader.rows(sql.read("questions/parties_seen_as"), {"user_id": user_id})
        with _lock:
            _seen[key] = stored
    return stored


def _alike(pairs: Any) -> dict[UUID, Answer]:
    """Return entity → the other entity of its most likely pair. `pairs` come in ascending order
    of confidence."""
    others: dict[UUID, Answer] = {}
    for pair in pairs:
        for one, other in ((pair.kept, pair.merged), (pair.merged, pair.kept)):
            others[one.id] = {"id": other.id, "name": other.name, "payments": 0}
    return others
