"""What merging two parties would bring together: shown to a person before it is done."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.enrich.resolution.resolve import PARTIES
from graph.errors import NotFound, QuestionError
from graph.models import EntityResolution, NormalizedEntity
from graph.models.choices import ResolutionDecision
from graph.questions import cash_flow, entities
from graph.questions.decisions.resolutions import NO_PAIR

SUMMED = ("money_in", "money_out", "payments_in", "payments_out")
Answer = dict[str, Any]


def preview(user_id: UUID, one: UUID, other: UUID) -> Answer:
    """Return what the two parties are now and what they would be as one.

    `one` and `other` have id, name, kind, spellings, keys, `rows` (with an amount) and `totals` per
    currency. `together` has `spellings`, `rows` and `totals`. Its numbers are upper bounds, because
    a payment that both parties have may count once after the merge. `between` is the number of rows
    that one pays the other, by direction and currency. `differing` are the kinds of keys whose
    values differ. `decided` is the decision on this pair, or NO_PAIR.

    Raises QuestionError for a party with itself, and NotFound for an entity that is no vendor,
    customer or employee of this tenant.
    """
    sides = [_side(user_id, party, field) for party, field in ((one, "one"), (other, "other"))]
    if sides[0]["id"] == sides[1]["id"]:
        raise QuestionError("Both are one party already.", "other")
    return {
        "one": sides[0],
        "other": sides[1],
        "together": {
            "spellings": sorted({name for side in sides for name in side["spellings"]}),
            "rows": sum(side["rows"] for side in sides),
            "totals": totals([row for side in sides for row in side["totals"]]),
        },
        "between": entities.dealings(user_id, sides[0]["id"], sides[1]["id"]),
        "differing": _differing(sides[0]["keys"], sides[1]["keys"]),
        "decided": decided(user_id, one, other),
    }


def totals(rows: Iterable[Answer]) -> list[Answer]:
    """Return the sums of `money_in`, `money_out` and of the numbers of payments, one row per
    currency."""
    sums: dict[str, Answer] = {}
    for row in rows:
        zero: Answer = {"money_in": Decimal(0), "money_out": Decimal(0)}
        zero |= {"payments_in": 0, "payments_out": 0}
        total = sums.setdefault(row["currency"], {"currency": row["currency"], **zero})
        for name in SUMMED:
            total[name] += row[name]
    return list(sums.values())


def decided(user_id: UUID, one: UUID, other: UUID) -> str:
    """Return the decision on this pair of entities, or NO_PAIR if it is none."""
    with tenant_transaction(user_id):
        pairs = EntityResolution.objects.filter(user_id=user_id)
        pair = pairs.filter(kept__in=(one, other), merged__in=(one, other)).first()
    return pair.decided if pair is not None else NO_PAIR


def merges(user_id: UUID, party: Answer) -> list[Answer]:
    """Return the merges by people and by programs that make up this party of `entities.party`.

    Each has `one` and `other` with id and name, `reason`, `decided`, `decided_by`, `decided_at`.
    """
    ends = [UUID(str(party["id"])), *map(UUID, party["merged_ids"])]
    one_party = (ResolutionDecision.MERGE, ResolutionDecision.AUTOMATIC)
    with tenant_transaction(user_id):
        pairs = EntityResolution.objects.filter(
            user_id=user_id, kept__in=ends, merged__in=ends, decided__in=one_party
        )
        rows = list(pairs.select_related("kept", "merged").order_by("-decided_at", "merged__name"))
    names = ("reason", "decided", "decided_by", "decided_at")
    return [
        {
            "one": {"id": row.kept_id, "name": row.kept.name},
            "other": {"id": row.merged_id, "name": row.merged.name},
            **{name: getattr(row, name) for name in names},
        }
        for row in rows
    ]


def keys(user_id: UUID, party: Answer) -> list[tuple[str, list[str]]]:
    """Return the kinds of keys of this party of `entities.party`, each with its different values:
    those of the party and of all that are merged into it."""
    ids = [UUID(str(party["id"])), *map(UUID, party["merged_ids"])]
    with tenant_transaction(user_id):
        entities_ = NormalizedEntity.objects.filter(user_id=user_id, id__in=ids)
        every = list(entities_.order_by("merged_into_id", "id").values_list("keys", flat=True))
    values: dict[str, dict[str, None]] = {}
    for of_one in [party["keys"] or {}, *(keys_ or {} for keys_ in every)]:
        for name, value in of_one.items():
            values.setdefault(name, {})[str(value)] = None
    return [(name, list(different)) for name, different in values.items()]


def _side(user_id: UUID, party: UUID, field: str) -> Answer:
    try:
        entity = entities.party(user_id, party, limit=1)
    except NotFound:
        raise NotFound("There is no such party in your graph.", field) from None
    if entity["kind"] not in PARTIES:
        raise NotFound("Only vendors, customers and employees can be merged.", field)
    flow = cash_flow.cash_flow(user_id, party=str(entity["id"]))
    return {
        **{name: entity[name] for name in ("id", "name", "kind", "spellings")},
        "keys": entity["keys"] or {},
        "rows": _rows(user_id, [entity["id"], *entity["merged_ids"]]),
        "totals": totals(flow["months"]),
    }


def _rows(user_id: UUID, entity_ids: Iterable[UUID | str]) -> int:
    """Return the number of rows with an amount that name one of these entities."""
    ids = [UUID(str(entity_id)) for entity_id in entity_ids]
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("resolution/facts"), {"user_id": user_id, "entities": ids})
        return sum(row[1] for row in cursor.fetchall())


def _differing(one: Answer, other: Answer) -> list[str]:
    return sorted(kind for kind in one.keys() & other.keys() if one[kind] != other[kind])
