"""Reads what a tenant's tables contain, without ids and timestamps, so that two imports can be
compared."""

from typing import Any
from uuid import UUID

from graph import models

FACTS = (
    "source", "platform", "transaction_ref", "occurred_at", "precision", "amount", "currency",
    "document_ref", "due_on", "party_kind", "party_name", "party_keys", "description", "data",
)  # fmt: skip


def contents(user: UUID) -> dict[str, Any]:
    """The tenant's rows by table. Postings are named by (external id, posting), entities by (kind,
    identity)."""
    events = {event.id: event for event in rows(models.RawEvent, user)}
    entities = {entity.id: entity for entity in rows(models.NormalizedEntity, user)}
    keys = {id_: (event.external_id, event.posting) for id_, event in events.items()}
    parties = {id_: (entity.kind, entity.identity) for id_, entity in entities.items()}
    return {
        "events": {keys[id_]: _facts(event) for id_, event in events.items()},
        "entities": {parties[id_]: (entity.name, entity.keys) for id_, entity in entities.items()},
        "matches": sorted(
            (keys[match.event_id], parties[match.entity_id], match.confidence)
            for match in rows(models.EntityMatch, user)
        ),
        "payments": sorted(
            (keys[relationship.source_event_id], keys[relationship.target_event_id])
            for relationship in rows(models.RelationshipInstance, user)
        ),
        "changes": [
            _change(log)
            for log in rows(models.EventDeltaLog, user)
            if log.change_type == "modified"
        ],
    }


def rows(model: Any, user: UUID) -> list[Any]:
    """The tenant's rows of the model, in the order in which they were created."""
    return list(model.objects.using("owner").filter(user_id=user).order_by("created_at", "pk"))


def _facts(event: models.RawEvent) -> dict[str, Any]:
    """The event's facts. Provenance is a sorted list and not a set, so that a place that was read
    twice shows."""
    places = sorted((p["file"], p["publication"], p["line"]) for p in event.provenance)
    return {**{name: getattr(event, name) for name in FACTS}, "provenance": places}


def _change(log: models.EventDeltaLog) -> tuple[str, str, dict[str, Any]]:
    assert set(log.old_values) == set(log.new_values) == set(log.changed_fields)
    fields = {n: (log.old_values[n], log.new_values[n]) for n in sorted(log.changed_fields)}
    return log.event_key, log.change_type, fields
