"""Finds entities by name."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from django.db import connections

from graph import sql
from graph.database.tenancy import Query, tenant_row, tenant_transaction
from graph.errors import QuestionError
from graph.models import NormalizedEntity

NAMED = 1_000  # entities that a part of a name may select
SEARCH: LiteralString = "SELECT entities, kinds FROM search_entities(%s, %s, %s, %s, %s, %s, %s)"
After = tuple[float, str, UUID]  # the likeness, the name in lower case and the id of the last one


@dataclass(frozen=True, slots=True)
class EntityPage:
    """A page of entities. `kinds` has the number of all matches by kind, whichever kind was
    requested. `following` is the position of the next page or None."""

    entities: list[dict[str, Any]]
    kinds: dict[str, int]
    following: After | None


def entities(
    user_id: UUID,
    text: str = "",
    *,
    kind: str | None = None,
    limit: int = 20,
    after: After | None = None,
) -> EntityPage:
    """Return the entities whose name contains the text or is spelled similarly, best match first.

    A merged entity is returned as the one that it was merged into. Without a text, all entities are
    returned, by name. Trigram word similarity (pg_trgm) tolerates typos.
    """
    parameters = (text, _pattern(text), kind, limit + 1, *(after or (None, None, None)))
    row = tenant_row(user_id, Query(SEARCH, parameters))
    matching, kinds = (json.loads(row[name] or "{}") for name in ("entities", "kinds"))
    page = matching[:limit]
    if len(matching) <= limit:
        return EntityPage(page, kinds, None)
    last = page[-1]
    return EntityPage(page, kinds, (float(last["likeness"]), last["sorted"], UUID(last["id"])))


def entities_of(user_id: UUID, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return the entities with these ids, each once, in the order of the ids.

    A merged entity is returned as the one that it was merged into.
    """
    with tenant_transaction(user_id):
        rows = NormalizedEntity.objects.filter(user_id=user_id, pk__in=ids)
        representative = {row.pk: row.merged_into_id or row.pk for row in rows}
        representatives = list(
            dict.fromkeys(representative[pk] for pk in ids if pk in representative)
        )
        entities = NormalizedEntity.objects.filter(user_id=user_id, pk__in=representatives)
        by_id = entities.in_bulk()
    names = ("id", "kind", "name", "keys")
    return [
        {name: getattr(by_id[pk], name) for name in names} for pk in representatives if pk in by_id
    ]


def representatives_of(user_id: UUID, party: str) -> list[UUID]:
    """Return the ids of the entities that an id or a part of a name selects.

    A merged entity is replaced by the one that it was merged into. Must be called in the tenant's
    transaction. Raises QuestionError if more than NAMED have the name, because a sum over some of
    them would mislead.
    """
    names: dict[str, Any] = {"id": None, "pattern": None}
    try:
        names["id"] = UUID(party)
    except ValueError:
        names["pattern"] = _pattern(party)
    with connections["default"].cursor() as cursor:
        parameters = {"user_id": user_id, "most": NAMED + 1, **names}
        cursor.execute(sql.read("questions/entities_meant"), parameters)
        selected = [representative for (representative,) in cursor.fetchall()]
    if len(selected) > NAMED:
        raise QuestionError(f"More than {NAMED:,} parties are named like this. Say more.", "party")
    return list(dict.fromkeys(selected))


def _pattern(text: str) -> str:
    return f"%{connections['default'].ops.prep_for_like_query(text)}%"
