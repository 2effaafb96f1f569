"""The entities at both ends of relationships."""

from collections.abc import Iterable
from uuid import UUID

from graph.models import NormalizedEntity, TenantRelationship

Ends = dict[str, NormalizedEntity | None]
NAMES = ("source", "target")


def of(user_id: UUID, rows: Iterable[TenantRelationship]) -> dict[UUID, Ends]:
    """Return the `source` and `target` entity of each relationship, by the relationship's id.

    An entity is None if the event has none. Must be called in the tenant's transaction.
    """
    rows = list(rows)
    ids = {getattr(row, f"{end}_entity_id") for row in rows for end in NAMES} - {None}
    entities = NormalizedEntity.objects.filter(user_id=user_id, pk__in=ids)
    by_id = {entity.id: entity for entity in entities}
    return {row.id: {end: by_id.get(getattr(row, f"{end}_entity_id")) for end in NAMES}
            for row in rows}  # fmt: skip
