"""One party: who it is, with whom it deals, who is like it."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from graph import overlay, sql
from graph.errors import NotFound
from graph.models import NormalizedEntity
from graph.questions import readable_view
from graph.tenancy import tenant_transaction

Answer = dict[str, Any]


def party(user_id: UUID, entity_id: UUID | str, *, limit: int = 20, edges: str = "flow") -> Answer:
    """The entity, its other spellings, and its `limit` busiest counterparties.

    A counterparty has one row for each direction and currency. One that is merged into another is
    answered as that one. Raises NotFound, ViewMissing, ViewUnpopulated.
    """
    entity = _standing(user_id, entity_id)
    with tenant_transaction(user_id):
        merged = NormalizedEntity.objects.filter(user_id=user_id, merged_into=entity.pk)
        spellings = sorted({entity.name, *merged.values_list("name", flat=True)})
    asked = {"entity": entity.pk, "limit": limit, "edges": edges}
    return {
        "id": entity.pk,
        "kind": entity.kind,
        "name": entity.name,
        "keys": entity.keys,
        "spellings": spellings,
        "neighbours": rows(user_id, "entity_neighbours", asked),
    }


def must_be_there(user_id: UUID, entity_id: UUID | str, field: str) -> None:
    """Raises NotFound naming the field for what is no node of the tenant's graph."""
    try:
        nodes = NormalizedEntity.objects.filter(
            user_id=user_id, pk=UUID(str(entity_id)), merged_into__isnull=True
        )
    except ValueError:
        raise NotFound("There is no such entity in your graph.", field) from None
    with tenant_transaction(user_id):
        if not nodes.exists():
            raise NotFound("There is no such entity in your graph.", field)


def similar(user_id: UUID, entity_id: UUID | str, *, limit: int = 20) -> list[Answer]:
    """Those of its kind that share most counterparties with it, by Jaccard's index, best first.

    Raises NotFound, ViewMissing, ViewUnpopulated.
    """
    entity = _standing(user_id, entity_id)
    return rows(user_id, "entity_similar", {"entity": entity.pk, "limit": limit})


def _standing(user_id: UUID, entity_id: UUID | str) -> NormalizedEntity:
    """The entity, or the one that it is merged into."""
    try:
        wanted = UUID(str(entity_id))
    except ValueError:
        raise NotFound("There is no such entity in your graph.", "id") from None
    with tenant_transaction(user_id):
        mine = NormalizedEntity.objects.filter(user_id=user_id).select_related("merged_into")
        found = mine.filter(Q(pk=wanted)).first()
        if found is None:
            raise NotFound("There is no such entity in your graph.", "id")
        return found.merged_into or found


def rows(user_id: UUID, name: str, asked: dict[str, Any]) -> list[Answer]:
    """What `graph/sql/<name>.sql` finds in the tenant's transaction, as dicts."""
    with (
        readable_view(),
        tenant_transaction(user_id, snapshot=True) as connection,
        connection.cursor() as cursor,
    ):
        query = overlay.around(connection, user_id, sql.read(name))
        cursor.execute(query, {"user_id": user_id, **asked})
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
