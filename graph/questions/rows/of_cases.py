"""The rows of cases for a person to compare: what each records, and which transfer paid what."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph.database.tenancy import tenant_transaction
from graph.models import RelationshipInstance
from graph.models.choices import Records
from graph.questions import relationships
from graph.questions.rows import records

Answer = dict[str, Any]
Event = UUID


def compared(user_id: UUID, cases: Sequence[Answer]) -> list[Answer]:
    """Return the cases of `graph.questions.cases.case`, with more facts about each of their rows.

    `records` is what the row records, in words. `paid` says, for a payment, the `amount` that it
    pays of the case's `bills`, whether that is `all` of the payment, and whether the bills are paid
    only `in_part`; else it is None. `of_party` is the party that is not ours, None if the row is
    not in the view any more.
    """
    ids = [row["id"] for case in cases for row in case["rows"]]
    known = {row["id"]: row for row in records.named(user_id, relationships.with_ids(user_id, ids))}
    allocated = _allocated(user_id, list(known.values()))
    return [{**case, "rows": _rows(case["rows"], known, allocated)} for case in cases]


def _rows(
    rows: Sequence[Answer],
    known: dict[UUID, Answer],
    allocated: dict[Event, dict[Event, Decimal]],
) -> list[Answer]:
    bills = {
        known[row["id"]]["target_event_id"]: row
        for row in rows
        if row["id"] in known and row["kind"] == Records.OBLIGATION
    }
    return [
        {
            **row,
            "records": fact["records"] if (fact := known.get(row["id"])) else row["kind"],
            "of_party": _party(fact) if fact else None,
            "paid": _paid(row, bills, allocated.get(fact["target_event_id"], {})) if fact else None,
        }
        for row in rows
    ]


def _paid(row: Answer, bills: dict[Event, Answer], parts: dict[Event, Decimal]) -> Answer | None:
    of_case = {event: amount for event, amount in parts.items() if event in bills}
    if row["kind"] == Records.OBLIGATION or not of_case:
        return None
    amount = sum(of_case.values(), Decimal(0))
    paid = [bills[event] for event in of_case]
    return {
        "amount": amount,
        "all": amount == row["amount"],
        "bills": paid,
        "in_part": amount < sum((bill["amount"] for bill in paid), Decimal(0)),
    }


def _allocated(user_id: UUID, rows: Sequence[Answer]) -> dict[Event, dict[Event, Decimal]]:
    """Return payment's event → bill's event → the amount of the bill that the payment settles."""
    events = [row["target_event_id"] for row in rows]
    with tenant_transaction(user_id):
        links = RelationshipInstance.objects.filter(
            user_id=user_id,
            relationship_type="settles",
            deleted_at__isnull=True,
            allocated__isnull=False,
            source_event_id__in=events,
            target_event_id__in=events,
        ).values_list("source_event_id", "target_event_id", "allocated")
        parts: defaultdict[Event, dict[Event, Decimal]] = defaultdict(dict)
        for bill, payment, amount in links:
            parts[payment][bill] = amount or Decimal(0)
    return parts


def _party(row: Answer) -> Any:
    """Return the entity of the row that is not ours: the one that is paid, or if that is one of
    ours, the one that pays."""
    target = row["target"]
    return row["source"] if target is not None and target.kind in records.OURS else target
