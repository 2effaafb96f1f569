"""Parties' names beside rows that hold ids."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from graph.database.tenancy import tenant_transaction
from graph.models import NormalizedEntity

Row = dict[str, Any]


def with_parties(user_id: UUID, rows: Sequence[Row]) -> list[Row]:
    """The relationships, each with `source` and `target` as entities; None where one is unknown."""
    ids = {row[f"{end}_entity_id"] for row in rows for end in ("source", "target")} - {None}
    with tenant_transaction(user_id):
        entities = NormalizedEntity.objects.filter(user_id=user_id, pk__in=ids)
        parties = {entity.id: entity for entity in entities}
    return [
        {
            **row,
            "source": parties.get(row["source_entity_id"]),
            "target": parties.get(row["target_entity_id"]),
        }
        for row in rows
    ]
