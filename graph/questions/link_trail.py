"""The relationships that are connected with a relationship through their events, step by step."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from graph.models import RawEvent, RelationshipInstance, TenantRelationship
from graph.questions import edge_ends
from graph.questions.whole_graph import relationship_in
from graph.reading import current_rows
from graph.reading.current_rows import Reader

DEPTH = 3  # steps
MOST = 40  # relationships per step
Answer = dict[str, Any]


def trail(user_id: UUID, relationship_id: UUID | str) -> Answer:
    """Return the events of a relationship as their sources state them, and the `steps` from there.

    A step is a relationship that shares an event with one at the distance before. It has its
    `distance` (1 to 3) and its parties. Each distance has at most `MOST` steps, the oldest first.
    Other sightings of the same payment are among the first steps; they have the relationship's
    `payment_group_id`. Raises NotFound, ViewMissing, ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        start = relationship_in(reader, user_id, relationship_id)
        events = [start["source_event_id"], start["target_event_id"]]
        steps = _steps(reader, user_id, start["id"], events)
        return {
            "events": _events(user_id, events),
            "steps": _named(user_id, steps),
            "payment_group_id": _group(reader, user_id, start["id"]),
        }


def _group(reader: Reader, user_id: UUID, relationship: UUID) -> UUID | None:
    (row,) = reader.relationships(
        TenantRelationship.objects.filter(user_id=user_id, id=relationship)
    )
    return row.payment_group_id


def _steps(reader: Reader, user_id: UUID, start: UUID, events: Sequence[UUID]) -> list[Answer]:
    """Return the steps from the relationship `start`, the nearest first.

    The search goes from event to event, and returns every relationship once, at its least distance.
    """
    relationships, visited, frontier = {start}, set(events), set(events)
    steps: list[Answer] = []
    for distance in range(1, DEPTH + 1):
        touching = _touching(reader, user_id, frontier, relationships)
        if not touching:
            break
        steps += [{"relationship": row, "distance": distance} for row in touching]
        relationships |= {row.id for row in touching}
        ends = {end for row in touching for end in (row.source_event_id, row.target_event_id)}
        frontier = ends - visited
        visited |= ends
    return steps


def _touching(
    reader: Reader, user_id: UUID, events: set[UUID], excluded: set[UUID]
) -> list[TenantRelationship]:
    """Return the relationships that have one of these events, without those in `excluded`.

    They are found by the tables' indexes on events; the view has no such index.
    """
    ids = (
        RelationshipInstance.objects.filter(user_id=user_id, deleted_at__isnull=True)
        .filter(Q(source_event_id__in=events) | Q(target_event_id__in=events))
        .exclude(id__in=excluded)
        .order_by("id")
        .values_list("id", flat=True)[: 4 * MOST]
    )
    rows_of_view = TenantRelationship.objects.filter(user_id=user_id, id__in=list(ids))
    relationships = reader.relationships(rows_of_view)
    return sorted(relationships, key=lambda row: (row.occurred_at, str(row.id)))[:MOST]


def _named(user_id: UUID, steps: Sequence[Answer]) -> list[Answer]:
    ends_of = edge_ends.of(user_id, [step["relationship"] for step in steps])
    return [{**step, **ends_of[step["relationship"].id]} for step in steps]


def _events(user_id: UUID, ids: Sequence[UUID]) -> list[RawEvent]:
    """Return the events in the order of `ids`. Deleted events are left out."""
    events = {event.id: event for event in RawEvent.objects.filter(user_id=user_id, pk__in=ids)}
    return [events[row_id] for row_id in dict.fromkeys(ids) if row_id in events]
