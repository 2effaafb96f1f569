"""Pairs of entities that may be one party: listed, decided, undone."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet

from graph import sql
from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.resolution import step
from graph.errors import DecidedMeanwhile, NotFound, QuestionError
from graph.models import EntityResolution
from graph.models.choices import ResolutionDecision

FACTS = ("payments", "sums", "first", "last", "names", "keys", "descriptions")
Answer = dict[str, Any]
Word = Literal["merge", "apart", "undo"]


def listed(
    user_id: UUID, decided: ResolutionDecision, *, most: int = 25, offset: int = 0
) -> tuple[list[Answer], int]:
    """A page of the pairs with this decision, the likeliest first, and how many there are.

    Each has `kept` and `merged`: the entity's name and kind, and what the books have under that
    name, as before any merge.
    """
    with tenant_transaction(user_id):
        pairs = EntityResolution.objects.filter(user_id=user_id, decided=decided)
        page = pairs.select_related("kept", "merged").order_by("-confidence", "id")
        rows = list(page[offset : offset + most])
        facts = _facts(user_id, [end for row in rows for end in (row.kept_id, row.merged_id)])
        return [_answer(row, facts) for row in rows], pairs.count()


def count_open(user_id: UUID) -> int:
    """The number of pairs that wait for a person."""
    with tenant_transaction(user_id):
        pairs = EntityResolution.objects.filter(user_id=user_id, decided=ResolutionDecision.OPEN)
        return pairs.count()


def decide(
    user_id: UUID,
    pair: UUID | str,
    word: Word,
    *,
    by: str,
    seen: ResolutionDecision | str | None = None,
) -> Answer | None:
    """Merge the pair, keep it apart, or undo a decision; returns the pair as it is then.

    None if it is no longer a pair. Raises NotFound; DecidedMeanwhile if its decision is no longer
    `seen`.
    """
    pair_id = _id(pair)
    with tenant_transaction(user_id) as connection:
        with connection.cursor() as cursor:  # before any row, as enrichment does: no deadlock
            alone(cursor, user_id)
        pairs = EntityResolution.objects.filter(user_id=user_id, pk=pair_id)
        now = pairs.select_for_update().first()
        if now is None:
            raise NotFound("The pair no longer exists.", "id")
        if seen is not None and now.decided != seen:
            state = f"{now.get_decided_display()} ({now.decided_by})"
            sentence = f"Somebody else was faster: the pair is {state} already."
            raise DecidedMeanwhile(sentence, "seen")
        if word == "undo":
            step.undo(user_id, [pair_id], by)
        else:
            step.judge(user_id, [pair_id], word, by)
        return _as_it_is(user_id, pairs)


def one_party(user_id: UUID, one: UUID, other: UUID, word: Word, *, by: str) -> Answer | None:
    """Record a person's decision that any two parties are one party or not; returns the pair.

    They need not have been found similar. Raises NotFound for an entity that is not one of the
    tenant's parties, QuestionError for a party with itself.
    """
    if one == other:
        raise QuestionError("Say two parties.", "other")
    ends = {one, other}
    with tenant_transaction(user_id):
        pairs = EntityResolution.objects.filter(user_id=user_id, kept__in=ends, merged__in=ends)
        if word == "undo":
            step.undo(user_id, list(pairs.values_list("pk", flat=True)), by)
        else:
            step.decide(user_id, one, other, word, by)
        return _as_it_is(user_id, pairs.all())


def _id(pair: UUID | str) -> UUID:
    try:
        return UUID(str(pair))
    except ValueError:
        raise NotFound("There is no such pair.", "id") from None


def _as_it_is(user_id: UUID, pairs: "QuerySet[EntityResolution]") -> Answer | None:
    row = pairs.select_related("kept", "merged").first()
    return None if row is None else _answer(row, _facts(user_id, [row.kept_id, row.merged_id]))


def _answer(row: EntityResolution, facts: dict[UUID, Answer]) -> Answer:
    ends = {
        end: {"id": entity.id, "name": entity.name, "kind": entity.kind, **facts.get(entity.id, {})}
        for end, entity in (("kept", row.kept), ("merged", row.merged))
    }
    names = ("id", "confidence", "reason", "decided", "decided_by", "decided_at")
    return {**{name: getattr(row, name) for name in names}, **ends}


def _facts(user_id: UUID, entities: Sequence[UUID]) -> dict[UUID, Answer]:
    """Of each entity: payments, sums by currency, first and last day, keys, samples of texts."""
    with connections["default"].cursor() as cursor:
        values: dict[str, Any] = {"user_id": user_id, "entities": list(entities)}
        cursor.execute(sql.read("resolution/facts"), values)
        return {row[0]: dict(zip(FACTS, row[1:], strict=True)) for row in cursor.fetchall()}
