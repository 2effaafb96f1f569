"""What people say about links that finley drew: two rows are not the same, do not belong together.

A link that a person took apart is deleted softly with a reason that names the person. Detectors
leave such pairs out (`graph.enrich.columns.taken_apart`), so that later enrichments keep the
decision. Rows that one source published twice are linked by layer 9; of these the layer's status is
set.
"""

import logging
from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from graph.database.bulk import alone
from graph.database.tenancy import tenant_transaction
from graph.enrich import canonical
from graph.errors import DecidedMeanwhile, NotFound
from graph.ingest.store.request_enrichment import books_changed
from graph.models import DuplicateTransaction, RelationshipInstance
from graph.models.choices import DuplicateStatus, EdgeClass
from graph.reading import row_ids

log = logging.getLogger("finley.audit")
BY, WITHDRAWN = "taken apart by ", "withdrawn"
SAME = "same_transaction"
Word = Literal["apart", "undo"]
WORDS: tuple[Word, ...] = ("apart", "undo")
NO_RELATIONSHIP = "There is no such relationship in your graph."
Answer = dict[str, Any]


def decide(user_id: UUID, relationship_id: UUID | str, word: Word, *, by: str) -> Answer:
    """Take a link apart, or take that decision back. Return the link's new state (see `_answer`).

    `relationship_id` is that of a link, or of a payment that is held for a second publication of
    another row. Which row of a payment counts is decided anew at once, the rest by the next
    enrichment. Raises NotFound for any other id, and DecidedMeanwhile if the link has that state
    already.
    """
    key = row_ids.required(relationship_id, NO_RELATIONSHIP)
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        row = RelationshipInstance.objects.filter(user_id=user_id, pk=key).first()
        if row is None:
            raise NotFound("There is no such link in your graph.", "id")
        is_link = row.edge_class == EdgeClass.LINK
        answer = _decide_link(row, word, by) if is_link else _decide_republished(row, word)
        books_changed(cursor, user_id)
    log.info("%s: %s of the link %s by %s", user_id, word, key, by)
    if answer["type"] == SAME:  # another connection reads the decision, so it must be committed
        transaction.on_commit(partial(canonical.enrich, user_id))
    return answer


def taken_apart(user_id: UUID, relationship_id: UUID | str) -> list[Answer]:
    """Return the links of a payment that people took apart, newest first (see `_answer`).

    `other` is the payment at the other end. Raises NotFound.
    """
    with tenant_transaction(user_id):
        rows = RelationshipInstance.objects.filter(user_id=user_id)
        flow = rows.filter(pk=row_ids.required(relationship_id, NO_RELATIONSHIP)).first()
        if flow is None:
            raise NotFound(NO_RELATIONSHIP, "id")
        events = (flow.source_event_id, flow.target_event_id)
        ends = Q(source_event_id__in=events) | Q(target_event_id__in=events)
        links = rows.filter(ends, edge_class=EdgeClass.LINK, reason__startswith=BY)
        apart = list(links.filter(deleted_at__isnull=False).order_by("-deleted_at", "id"))
        others = _flows_of(user_id, {_far_end(link, events) for link in apart})
        listed = [{**_answer(link), "other": others.get(_far_end(link, events))} for link in apart]
        return listed + _republished(user_id, flow)


def _far_end(link: RelationshipInstance, events: tuple[UUID, UUID]) -> UUID:
    return link.target_event_id if link.source_event_id in events else link.source_event_id


def _flows_of(user_id: UUID, events: set[UUID]) -> dict[UUID, UUID]:
    """Return event → the payment that has it as a posting."""
    flows = RelationshipInstance.objects.filter(
        user_id=user_id, edge_class=EdgeClass.FLOW, deleted_at__isnull=True
    ).filter(Q(source_event_id__in=events) | Q(target_event_id__in=events))
    return {
        event: flow.pk
        for flow in flows
        for event in (flow.source_event_id, flow.target_event_id)
        if event in events
    }


def _republished(user_id: UUID, flow: RelationshipInstance) -> list[Answer]:
    pairs = _pairs(user_id, flow).filter(status=DuplicateStatus.DISMISSED)
    return [
        {**_answer_of_pair(flow, DuplicateStatus.DISMISSED), "other": pair.original_relationship_id}
        for pair in pairs
    ]


def _pairs(user_id: UUID, flow: RelationshipInstance) -> Any:
    return DuplicateTransaction.objects.filter(
        user_id=user_id, relationship=flow, evidence__kind="republished"
    )


def _decide_link(link: RelationshipInstance, word: Word, by: str) -> Answer:
    is_apart = link.deleted_at is not None and not link.reason.startswith(WITHDRAWN)
    if link.deleted_at is not None and not is_apart:
        raise NotFound("The link is not in your books any more.", "id")
    if word == "apart":
        if is_apart:
            raise DecidedMeanwhile(f"The two are apart already: {link.reason}.", "decision")
        link.deleted_at, link.reason = Now(), f"{BY}{by}: {link.reason}"
    else:
        if not link.reason.startswith(BY):
            raise DecidedMeanwhile("Nobody took the two apart.", "decision")
        link.deleted_at, link.reason = None, _first_reason(link)
    link.updated_at = Now()
    link.save(update_fields=["deleted_at", "reason", "updated_at"])
    link.refresh_from_db()
    return _answer(link)


def _first_reason(link: RelationshipInstance) -> str:
    """Return the reason that finley gave for the link before people decided on it."""
    return link.reason.removeprefix(BY).partition(": ")[2]


def _decide_republished(flow: RelationshipInstance, word: Word) -> Answer:
    pairs = _pairs(flow.user_id, flow)
    if not pairs.exists():
        raise NotFound("This is a payment, and no link between two of them.", "id")
    before, after = DuplicateStatus.OPEN, DuplicateStatus.DISMISSED
    if word == "undo":
        before, after = after, before
    if not pairs.exclude(status=after).update(status=after):
        state = "apart already" if word == "apart" else "taken for one already"
        raise DecidedMeanwhile(f"The two are {state}.", "decision")
    return _answer_of_pair(flow, after)


def _answer(link: RelationshipInstance) -> Answer:
    """Return the link's id and type, whether people took it apart, by whom and when, and
    finley's reason for it."""
    is_apart = link.deleted_at is not None
    by = link.reason.removeprefix(BY).partition(": ")[0] if is_apart else ""
    at: datetime | None = link.deleted_at
    return {
        "id": link.pk,
        "type": link.relationship_type,
        "apart": is_apart,
        "by": by,
        "at": at,
        "reason": _first_reason(link) if is_apart else link.reason,
    }


def _answer_of_pair(flow: RelationshipInstance, status: str) -> Answer:
    return {
        "id": flow.pk,
        "type": SAME,
        "apart": status == DuplicateStatus.DISMISSED,
        "by": "",
        "at": None,
        "reason": "one source published the row twice",
    }
