"""Parties that may be one: pairs that wait for a person, and parties whose payments have another
party in other books."""

from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.models import EntityResolution
from graph.models.choices import ResolutionDecision
from graph.reading import current_rows

Answer = dict[str, Any]


def perhaps_the_same(user_id: UUID) -> dict[UUID, Answer]:
    """For each party that may be another one: that one's `id` and `name`.

    `payments` is the number of payments that other books have under that name; 0 if only the names
    are alike. Pairs that a person keeps apart are left out. Raises ViewMissing, ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        seen = reader.rows(sql.read("questions/parties_seen_as"), {"user_id": user_id})
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


def _alike(pairs: Any) -> dict[UUID, Answer]:
    """The likeliest other of each entity of these pairs, which come in ascending order."""
    others: dict[UUID, Answer] = {}
    for pair in pairs:
        for one, other in ((pair.kept, pair.merged), (pair.merged, pair.kept)):
            others[one.id] = {"id": other.id, "name": other.name, "payments": 0}
    return others
