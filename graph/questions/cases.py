"""Cases of possible double payments: list them with their totals, and read one.

People's decisions on them are in graph.questions.decisions.case_decisions.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from graph.database.tenancy import tenant_transaction
from graph.errors import NotFound
from graph.models import (
    PaymentCase,
    PaymentCaseEntry,
    PaymentCaseRow,
    RelationshipInstance,
)
from graph.models.choices import CaseRole, CaseState
from graph.questions import source_names
from graph.reading import row_ids

NO_CASE = "There is no such case."
Answer = dict[str, Any]


ORDERS = {
    "amount": ("-amount_at_risk", "id"),
    "confidence": ("-confidence", "-amount_at_risk", "id"),
    "newest": ("-last_day", "id"),
    "oldest": ("first_day", "id"),
}
COMPARED = (CaseRole.ORIGINAL.value, CaseRole.EXTRA.value)  # the others are their other sightings
AT_RISK = (CaseState.OPEN.value, CaseState.CONFIRMED.value)
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
            "results": answers(user_id, page),
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
        return detail(user_id, get_row(user_id, case_id))


def of_rows(
    user_id: UUID,
    relationship_ids: Iterable[UUID],
    *,
    states: Iterable[str] = CaseState.values,
    roles: Iterable[str] = CaseRole.values,
) -> dict[UUID, UUID]:
    """Return relationship → its case, for those that are in a case. If one is in several, the
    newest case is returned.

    Only cases in one of the `states` count, and rows in one of the `roles`.
    """
    with tenant_transaction(user_id):
        rows = PaymentCaseRow.objects.filter(
            user_id=user_id,
            relationship_id__in=list(relationship_ids),
            role__in=list(roles),
            case__state__in=list(states),
        ).order_by("case__created_at", "case_id")
        return dict(rows.values_list("relationship_id", "case_id"))


def version_of(case_row: PaymentCase) -> str:
    """Return a hash of what a person sees and decides about: the case's rows, state and amount at
    risk."""
    parts = [
        case_row.state,
        f"{case_row.amount_at_risk:.4f} {case_row.currency}",
        *sorted(case_row.row_keys),
    ]
    return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def get_row(user_id: UUID, case_id: UUID | str, *, lock: bool = False) -> PaymentCase:
    key = row_ids.required(case_id, NO_CASE)
    manager = PaymentCase.objects.select_for_update() if lock else PaymentCase.objects.all()
    case_row = manager.filter(user_id=user_id, id=key).first()
    if case_row is None:
        raise NotFound(NO_CASE, "id")
    return case_row


def answers(user_id: UUID, case_rows: Iterable[PaymentCase]) -> list[Answer]:
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
        "version": version_of(case_row),
    }


def detail(user_id: UUID, case_row: PaymentCase) -> Answer:
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
