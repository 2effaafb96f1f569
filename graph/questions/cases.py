"""Cases of possible double payments: list them, read one, and record people's decisions."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from graph.enrich.cases import PAIRS
from graph.errors import DecidedMeanwhile, NotFound, QuestionError
from graph.models import (
    DuplicateTransaction,
    PaymentCase,
    PaymentCaseEntry,
    PaymentCaseRow,
    RelationshipInstance,
)
from graph.models.choices import CaseAction, CaseState
from graph.questions import source_names

Answer = dict[str, Any]


ORDERS = {
    "amount": ("-amount_at_risk", "id"),
    "confidence": ("-confidence", "-amount_at_risk", "id"),
    "newest": ("-last_day", "id"),
    "oldest": ("first_day", "id"),
}
AT_RISK = (CaseState.OPEN.value, CaseState.CONFIRMED.value)
DECISIONS = {
    CaseAction.CONFIRM.value: CaseState.CONFIRMED.value,
    CaseAction.DISMISS.value: CaseState.DISMISSED.value,
    CaseAction.RECOVER.value: CaseState.RECOVERED.value,
    CaseAction.REOPEN.value: CaseState.OPEN.value,
    CaseAction.ASSIGN.value: None,
    CaseAction.NOTE.value: None,
}
BACK = {  # the action that takes a decision back, by the decision
    CaseAction.CONFIRM.value: CaseAction.REOPEN.value,
    CaseAction.DISMISS.value: CaseAction.REOPEN.value,
    CaseAction.RECOVER.value: CaseAction.CONFIRM.value,
}
COLUMNS = (
    "id", "state", "kind", "reason", "confidence", "party", "amount_at_risk", "currency",
    "extra_payments", "first_day", "last_day", "evidence", "owner", "note", "amount_recovered",
    "found", "created_at", "updated_at",
)  # fmt: skip


def cases(
    user_id: UUID,
    *,
    state: str | None = None,
    owner: str | None = None,
    party: str | None = None,
    currency: str | None = None,
    min_amount: Decimal | None = None,
    min_confidence: float | None = None,
    found_after: datetime | None = None,
    order: str = "amount",
    limit: int = 50,
    offset: int = 0,
) -> Answer:
    """Return a page of the cases that match the filters, in one of ORDERS, and the sums over all of
    them.

    `party` is a part of the party's name; `found_after` leaves out cases that were found before. A
    page does not have the cases' rows; `case` returns them.
    """
    conditions = {
        "state": state,
        "owner": owner,
        "party__icontains": party,
        "currency": currency,
        "amount_at_risk__gte": min_amount,
        "confidence__gte": min_confidence,
        "created_at__gt": found_after,
    }
    filters = {name: value for name, value in conditions.items() if value is not None}
    with tenant_transaction(user_id):
        matching = PaymentCase.objects.filter(user_id=user_id, **filters)
        page = matching.order_by(*ORDERS[order])[offset : offset + limit]
        count = matching.count()
        return {
            "count": count,
            "totals": _totals(matching),
            "results": _answers(user_id, page),
            "next": offset + limit if offset + limit < count else None,
        }


def totals(user_id: UUID) -> list[Answer]:
    """Return one row per currency and state: the number of cases, the amount at risk and the amount
    recovered.

    Each case counts once. Nothing of a case that is no longer found is at risk.
    """
    with tenant_transaction(user_id):
        return _totals(PaymentCase.objects.filter(user_id=user_id))


def _totals(matching: "QuerySet[PaymentCase]") -> list[Answer]:
    by = matching.order_by("currency", "state").values("currency", "state")
    sums = by.annotate(
        cases=Count("id"),
        amount=Sum("amount_at_risk", filter=Q(found=True), default=Decimal(0)),
        recovered=Sum("amount_recovered"),
    )
    return [
        {
            "currency": row["currency"],
            "state": row["state"],
            "cases": row["cases"],
            "amount_at_risk": row["amount"] if row["state"] in AT_RISK else Decimal(0),
            "amount_recovered": row["recovered"],
        }
        for row in sums
    ]


def case(user_id: UUID, case_id: UUID | str) -> Answer:
    """Return one case with all its rows in all sources and its history. Raises NotFound."""
    with tenant_transaction(user_id), source_names.read_once():
        return _detail(user_id, _one(user_id, case_id))


def decide(
    user_id: UUID,
    case_id: UUID | str,
    action: str,
    *,
    by: str,
    note: str = "",
    owner: str | None = None,
    amount: Decimal | None = None,
    seen: str | None = None,
    version: str | None = None,
    at: datetime | None = None,
) -> Answer:
    """Record a person's decision on a case, and return the case's new state.

    `action` is confirm, dismiss, reopen, recover, assign or note. recover takes the `amount` that
    came back, by default all that is at risk; assign takes the `owner`, "" for nobody. The case's
    pairs in layer 9 get the same decision. `seen` and `version` are the state and version that the
    person `by` saw. Decisions with the same `at` (default: now) are one decision on several cases.
    Raises NotFound, QuestionError naming the field, and DecidedMeanwhile if the case has changed.
    """
    if action not in DECISIONS:
        raise QuestionError(f"Say one of {', '.join(DECISIONS)}.", "action")
    with tenant_transaction(user_id):
        case_row = _one(user_id, case_id, lock=True)
        _check_seen(user_id, case_row, seen, version)
        _check(case_row, action, note=note, owner=owner, amount=amount)
        _apply(case_row, action, note=note, owner=owner, amount=amount)
        PaymentCaseEntry.objects.create(
            user_id=user_id,
            case=case_row,
            action=action,
            by=by,
            state=case_row.state,
            owner=case_row.owner,
            note=note,
            amount_recovered=case_row.amount_recovered if action == CaseAction.RECOVER else None,
            created_at=at or Now(),
        )
        return _detail(user_id, case_row)


def last_decision(user_id: UUID, case_id: UUID | None = None) -> Answer | None:
    """Return the newest decision that still holds, of all people or on one case; None if there is
    none.

    It has `action`, `by`, `at`, `state`, and `back`: the action that takes it back. `cases` are
    the cases that it decided, with their versions.
    """
    with tenant_transaction(user_id), source_names.read_once():
        standing = _standing_decisions(user_id, case_id)
        last = standing.order_by("-created_at", "-id").first()
        if last is None:
            return None
        alike = standing.filter(created_at=last.created_at, by=last.by, action=last.action)
        decided = PaymentCase.objects.filter(user_id=user_id, id__in=alike.values("case_id"))
        return {
            "action": last.action,
            "back": BACK[last.action],
            "by": last.by,
            "at": last.created_at,
            "state": last.state,
            "cases": _answers(user_id, decided.order_by("-amount_at_risk", "id")),
        }


def _standing_decisions(user_id: UUID, case_id: UUID | None) -> "QuerySet[PaymentCaseEntry]":
    """Return, as entries of the history, the last decision on each case that can be taken back
    and still determines the case's state."""
    entries = PaymentCaseEntry.objects.filter(user_id=user_id)
    if case_id is not None:
        entries = entries.filter(case_id=case_id)
    changes = entries.filter(action__in=[name for name, state in DECISIONS.items() if state])
    newest = changes.filter(case=OuterRef("case")).order_by("-created_at", "-id").values("id")[:1]
    last = changes.annotate(newest=Subquery(newest)).filter(id=F("newest"))
    return last.filter(action__in=BACK, state=F("case__state"))


def _check_seen(
    user_id: UUID, case_row: PaymentCase, seen: str | None, version: str | None
) -> None:
    if seen is not None and case_row.state != seen:
        raise DecidedMeanwhile(_meanwhile(user_id, case_row), "seen")
    if version is not None and _version(case_row) != version:
        raise DecidedMeanwhile(_changed(case_row), "version")


def _meanwhile(user_id: UUID, case_row: PaymentCase) -> str:
    entries = PaymentCaseEntry.objects.filter(user_id=user_id, case=case_row)
    last = entries.order_by("created_at", "id").last()
    by = f" by {last.by}" if last else ""
    name = _name(case_row)
    return f"Somebody else was faster: the case of {name} is already {case_row.state}{by}."


def _changed(case_row: PaymentCase) -> str:
    return (
        f"The case of {_name(case_row)} has changed since you saw it, so it was not decided: look "
        "at its rows again."
    )


def _name(case_row: PaymentCase) -> str:
    return f"{case_row.amount_at_risk:,.2f} {case_row.currency} to {case_row.party}"


def _version(case_row: PaymentCase) -> str:
    """Return a hash of what a person sees and decides about: the case's rows, state and amount at
    risk."""
    parts = [
        case_row.state,
        f"{case_row.amount_at_risk:.4f} {case_row.currency}",
        *sorted(case_row.row_keys),
    ]
    return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def _check(
    case_row: PaymentCase, action: str, *, note: str, owner: str | None, amount: Decimal | None
) -> None:
    if action == CaseAction.ASSIGN and owner is None:
        raise QuestionError("State the owner, in `owner`.", "owner")
    if action == CaseAction.NOTE and not note:
        raise QuestionError("The note is empty.", "note")
    if amount is not None and action != CaseAction.RECOVER:
        raise QuestionError("Only the action recover takes an amount.", "amount")
    if amount is not None and not 0 < amount <= case_row.amount_at_risk:
        most = f"{case_row.amount_at_risk:.2f} {case_row.currency}"
        raise QuestionError(f"Say more than 0 and at most {most}, what is at risk.", "amount")


def _apply(
    case_row: PaymentCase, action: str, *, note: str, owner: str | None, amount: Decimal | None
) -> None:
    state = DECISIONS[action]
    if owner is not None:
        case_row.owner = owner
    if note:
        case_row.note = note
    if state is not None:
        case_row.state = state
        case_row.amount_recovered = Decimal(0)
        if state == CaseState.RECOVERED:
            case_row.amount_recovered = case_row.amount_at_risk if amount is None else amount
        _judge_pairs(case_row)
    case_row.updated_at = Now()
    case_row.save()
    case_row.refresh_from_db()


def _judge_pairs(case_row: PaymentCase) -> None:
    DuplicateTransaction.objects.filter(
        user_id=case_row.user_id,
        relationship_key__in=case_row.row_keys,
        original_key__in=case_row.row_keys,
    ).exclude(evidence__kind="republished").update(status=PAIRS[case_row.state])


def _one(user_id: UUID, case_id: UUID | str, *, lock: bool = False) -> PaymentCase:
    try:
        key = UUID(str(case_id))
    except ValueError:
        raise NotFound("There is no such case.", "id") from None
    manager = PaymentCase.objects.select_for_update() if lock else PaymentCase.objects.all()
    case_row = manager.filter(user_id=user_id, id=key).first()
    if case_row is None:
        raise NotFound("There is no such case.", "id")
    return case_row


def _answers(user_id: UUID, case_rows: Iterable[PaymentCase]) -> list[Answer]:
    with source_names.read_once():
        return [_answer(user_id, case_row) for case_row in case_rows]


def _answer(user_id: UUID, case_row: PaymentCase) -> Answer:
    """Return the case's columns and version. Its reasons have names of sources in place of made
    keys."""
    values = {name: getattr(case_row, name) for name in COLUMNS}
    in_words = partial(source_names.in_words, user_id)
    evidence = {
        "for": [
            {**reason, "why": in_words(reason["why"])}
            for reason in case_row.evidence.get("for", [])
        ],
        "against": [in_words(reason) for reason in case_row.evidence.get("against", [])],
    }
    return {
        **values,
        "reason": in_words(case_row.reason),
        "evidence": {**case_row.evidence, **evidence},
        "version": _version(case_row),
    }


def _detail(user_id: UUID, case_row: PaymentCase) -> Answer:
    entries = PaymentCaseEntry.objects.filter(user_id=user_id, case=case_row)
    names = ("action", "by", "state", "owner", "note", "amount_recovered", "created_at")
    return {
        **_answer(user_id, case_row),
        "row_keys": case_row.row_keys,
        "rows": _rows(user_id, case_row),
        "history": list(entries.order_by("created_at", "id").values(*names)),
    }


def _rows(user_id: UUID, case_row: PaymentCase) -> list[Answer]:
    """Return the case's rows ordered by day: their fields in the books, and each row's role."""
    roles = dict(
        PaymentCaseRow.objects.filter(user_id=user_id, case=case_row).values_list(
            "relationship_id", "role"
        )
    )
    flows = RelationshipInstance.objects.filter(user_id=user_id, id__in=list(roles))
    flows = flows.select_related("target_event").order_by(
        "target_event__occurred_at", "target_event__source", "target_event__external_id"
    )
    name_of = source_names.among(user_id, {flow.target_event.source for flow in flows})
    return [_row(flow, roles, name_of) for flow in flows]


def _row(
    flow: RelationshipInstance, roles: Mapping[UUID, str], name_of: source_names.Names
) -> Answer:
    event = flow.target_event
    return {
        "id": flow.id,
        "role": roles[flow.id],
        "source": event.source,
        "source_name": name_of[event.source],
        "key": event.external_id,
        "kind": event.records or "payment",
        "day": event.occurred_at.date(),
        "amount": abs(event.amount) if event.amount is not None else None,
        "currency": event.currency,
        "document_ref": event.document_ref,
        "party": event.party_name,
        "description": event.description,
        "counts": flow.canonical_id is None,
    }
