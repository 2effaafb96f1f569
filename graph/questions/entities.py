"""One party: its names and keys, its counterparties, and similar parties."""

import json
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.errors import NotFound
from graph.models import NormalizedEntity
from graph.questions import counted_rows
from graph.reading import current_rows, json_rows, row_ids
from graph.reading.current_rows import Reader

NO_ENTITY = "There is no such entity in your graph."
Answer = dict[str, Any]


def party(
    user_id: UUID,
    entity_id: UUID | str,
    *,
    limit: int = 20,
    edges: str = "flow",
    kind: str = counted_rows.DEFAULT,
) -> Answer:
    """Return the entity, its other spellings, and its `limit` counterparties with the most
    payments.

    A counterparty has one row per direction and currency. Only rows that record `kind` count, and
    each payment counts once. For an entity that was merged, the answer is about the one that it was
    merged into, whose id is then `merged_into`. Raises NotFound, ViewMissing, ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        entity = _summary(reader, user_id, entity_id)
        parameters = {"user_id": user_id, "entity": entity["id"], "limit": limit, "edges": edges}
        parameters["kinds"] = counted_rows.kinds_selected_by(kind)
        return {
            **entity,
            "neighbours": reader.rows(_with_edges("questions/entity_neighbours"), parameters),
        }


def dealings(user_id: UUID, entity_id: UUID | str, other: UUID) -> list[Answer]:
    """Return the sums of `party` for one counterparty: `direction`, `currency`, `relationships` and
    `amount`, most payments first.

    Raises NotFound, ViewMissing, ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        entity = _summary(reader, user_id, entity_id)
        parameters = {
            "user_id": user_id,
            "entity": entity["id"],
            "edges": "flow",
            "kinds": counted_rows.kinds_selected_by(counted_rows.DEFAULT),
            "other": other,
        }
        return reader.rows(_with_edges("questions/entity_pair"), parameters)


def as_json(
    user_id: UUID, entity_id: UUID | str, *, limit: int, edges: str, kind: str
) -> str | None:
    """Return the answer of `party` as JSON that the database has written, or None if it cannot."""
    return json_rows.entity(user_id, entity_id, edges, counted_rows.kinds_selected_by(kind), limit)


def payments_with(
    user_id: UUID,
    entity_id: UUID | str,
    other: UUID,
    direction: str,
    currency: str,
    *,
    kind: str = counted_rows.DEFAULT,
) -> list[Answer]:
    """Return the payments that `party` sums in one row of its `neighbours`, newest first.

    Each has its relationship's `id` and its `amount`. Raises NotFound, ViewMissing,
    ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        entity = _summary(reader, user_id, entity_id)
        parameters = {
            "user_id": user_id,
            "entity": entity["id"],
            "edges": "flow",
            "kinds": counted_rows.kinds_selected_by(kind),
            "other": other,
            "direction": direction,
            "currency": currency,
        }
        return reader.rows(_with_edges("questions/entity_payments"), parameters)


def _with_edges(query: str) -> str:
    """Return the text of the SQL file `query` after a WITH clause that selects the entity's edges.

    A payment that several sources saw is in it once.
    """
    return f"{sql.read('questions/entity_dealt')}{sql.read(query)}"


def representative(user_id: UUID, entity_id: UUID | str, field: str) -> UUID:
    """Return the id of the entity itself, or if it was merged, of the entity that it was merged
    into.

    Raises NotFound, which names `field`, if the tenant has no such entity.
    """
    key = row_ids.required(entity_id, NO_ENTITY, field)
    entities = NormalizedEntity.objects.filter(user_id=user_id, pk=key)
    with tenant_transaction(user_id):
        row = entities.values_list("merged_into_id", "pk").first()
    if row is None:
        raise NotFound(NO_ENTITY, field)
    return row[0] or row[1]


def similar(user_id: UUID, entity_id: UUID | str, *, limit: int = 20) -> list[Answer]:
    """Return the entities of the same kind that share the most counterparties with this one.

    They are ordered by Jaccard's index, best first. Raises NotFound, ViewMissing, ViewUnpopulated.
    """
    with current_rows.snapshot(user_id) as reader:
        entity = _summary(reader, user_id, entity_id)
        parameters = {"user_id": user_id, "entity": entity["id"], "limit": limit}
        return reader.rows(sql.read("questions/entity_similar"), parameters)


def _summary(reader: Reader, user_id: UUID, entity_id: UUID | str) -> Answer:
    """Return the entity, or the one that it was merged into, with all spellings of its name."""
    key = row_ids.required(entity_id, NO_ENTITY)
    parameters = {"user_id": user_id, "entity": key}
    summaries = reader.rows(sql.read("questions/entity_summary"), parameters)
    if not summaries:
        raise NotFound(NO_ENTITY, "id")
    (entity,) = summaries
    return {
        **entity,
        "keys": json.loads(entity["keys"]),
        "spellings": sorted(entity["spellings"]),
        "merged_ids": sorted(map(str, entity["merged_ids"])),
        "merged_into": None if UUID(str(entity["id"])) == key else entity["id"],
    }
