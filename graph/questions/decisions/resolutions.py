"""Pairs of entities that may be one party: list them, and decide or undo a decision."""

import logging
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from django.db import connections

from graph import sql
from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.resolution import step
from graph.errors import DecidedMeanwhile, NotFound, QuestionError
from graph.models import EntityResolution, NormalizedEntity
from graph.models.choices import ResolutionDecision
from graph.reading import row_ids

FACTS = ("payments", "sums", "first", "last", "names", "keys", "descriptions")
NO_PAIR = "none"  # the decision on two parties that are not a pair any more
log = logging.getLogger("finley.audit")
NO_SUCH_PAIR = "There is no such pair."
Answer = dict[str, Any]
Word = Literal["merge", "apart", "undo"]


def listed(
    user_id: UUID, decided: ResolutionDecision, *, most: int = 25, offset: int = 0
) -> tuple[list[Answer], int]:
    """Return a page of the pairs with this decision, the most likely first, and the number of all.

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
    """Return the number of pairs that wait for a person."""
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
) -> Answer:
    """Merge the pair, keep it apart, or undo a decision. Return the pair's new state.

    If the two are not a pair any more, the decision is NO_PAIR. Raises NotFound, and
    DecidedMeanwhile if the decision is no longer `seen` or if there is nothing to undo.
    """
    pair_id = row_ids.required(pair, NO_SUCH_PAIR)
    with tenant_transaction(user_id) as connection:
        with connection.cursor() as cursor:  # before any row, as enrichment does: no deadlock
            alone(cursor, user_id)
        pairs = EntityResolution.objects.filter(user_id=user_id, pk=pair_id)
        now = pairs.select_for_update(of=("self",)).select_related("kept", "merged").first()
        if now is None:
            raise NotFound("The pair no longer exists.", "id")
        _check_seen(now, seen)
        _audit(user_id, word, now.kept_id, now.merged_id, by)
        if word == "undo":
            return _undone(user_id, now, by)
        step.judge(user_id, [pair_id], word, by)
        return _as_it_is(user_id, pairs.get())


def one_party(
    user_id: UUID, one: UUID, other: UUID, word: Word, *, by: str, seen: str | None = None
) -> Answer:
    """Record a person's decision that two parties are one party or not. Return the pair.

    Any two parties are allowed; they need not have similar names. Raises NotFound for an entity
    that is not one of the tenant's parties, and QuestionError for a party with itself. Raises
    DecidedMeanwhile if the pair is not decided as `seen`, if the two to merge are one party
    already, or if there is nothing to undo.
    """
    if one == other:
        raise QuestionError("These are one and the same: choose another party.", "other")
    ends = {one, other}
    with tenant_transaction(user_id) as connection:
        with connection.cursor() as cursor:
            alone(cursor, user_id)
            step.require(cursor, user_id, (one, other))
        pairs = EntityResolution.objects.filter(user_id=user_id, kept__in=ends, merged__in=ends)
        before = pairs.select_related("kept", "merged").first()
        _check_seen(before, seen)
        if word == "merge":
            _must_be_two(user_id, one, other)
        _audit(user_id, word, one, other, by)
        if word == "undo":
            return _undone(user_id, before, by)
        step.decide(user_id, one, other, word, by)
        return _as_it_is(user_id, pairs.get())


def _check_seen(pair: EntityResolution | None, seen: str | None) -> None:
    now = NO_PAIR if pair is None else pair.decided
    if seen is None or now == seen:
        return
    state = "no longer decided" if pair is None else _state(pair)
    raise DecidedMeanwhile(f"Somebody else was faster: the pair is {state} already.", "seen")


def _state(pair: EntityResolution) -> str:
    return f"{pair.get_decided_display()} ({pair.decided_by})"


def _must_be_two(user_id: UUID, one: UUID, other: UUID) -> None:
    parties = NormalizedEntity.objects.filter(user_id=user_id, pk__in=(one, other))
    rows = {row.pk: row for row in parties}
    if len({row.merged_into_id or row.pk for row in rows.values()}) == 1:
        names = f"{rows[one].name} and {rows[other].name}"
        raise DecidedMeanwhile(f"{names} are one party already.", "other")


def _audit(user_id: UUID, word: Word, one: UUID, other: UUID, by: str) -> None:
    log.info("%s: %s of the parties %s and %s by %s", user_id, word, one, other, by)


def _undone(user_id: UUID, before: EntityResolution | None, by: str) -> Answer:
    """Undo the decision on the pair. Return the pair's new state, or NO_PAIR if it is not a pair
    any more."""
    if before is None or not step.undo(user_id, [before.pk], by):
        raise DecidedMeanwhile(
            "Nobody has decided on these two parties: there is nothing to take back.", "decision"
        )
    ends = {before.kept_id, before.merged_id}
    pairs = EntityResolution.objects.filter(user_id=user_id, kept__in=ends, merged__in=ends)
    if (now := pairs.first()) is not None:
        return _as_it_is(user_id, now)
    reason = f"Taken back by {by}. Nothing else says that they are one party."
    changed = {"decided": NO_PAIR, "decided_by": "", "decided_at": None}
    return {**_as_it_is(user_id, before), **changed, "confidence": 0, "reason": reason}


def _as_it_is(user_id: UUID, row: EntityResolution) -> Answer:
    return _answer(row, _facts(user_id, [row.kept_id, row.merged_id]))


def _answer(row: EntityResolution, facts: dict[UUID, Answer]) -> Answer:
    ends = {
        end: {"id": entity.id, "name": entity.name, "kind": entity.kind, **facts.get(entity.id, {})}
        for end, entity in (("kept", row.kept), ("merged", row.merged))
    }
    names = ("id", "confidence", "reason", "decided", "decided_by", "decided_at")
    return {**{name: getattr(row, name) for name in names}, **ends}


def _facts(user_id: UUID, entities: Sequence[UUID]) -> dict[UUID, Answer]:
    """Return entity → what the books have about it: payments, sums by currency, first and last
    day, keys, and samples of texts."""
    with connections["default"].cursor() as cursor:
        values: dict[str, Any] = {"user_id": user_id, "entities": list(entities)}
        cursor.execute(sql.read("resolution/facts"), values)
        return {row[0]: dict(zip(FACTS, row[1:], strict=True)) for row in cursor.fetchall()}
