"""Says what a row records, in a bookkeeper's words: invoice, bill, credit note, payment."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from graph.database.tenancy import tenant_transaction
from graph.models import RawEvent, TenantRelationship
from graph.models.choices import EntityKind, Records

Answer = dict[str, Any]

OURS = frozenset(
    {EntityKind.ACCOUNT, EntityKind.DEPARTMENT, EntityKind.PROJECT, EntityKind.CLEARING}
)
INVOICE, BILL, CREDIT_NOTE = "invoice", "bill", "credit note"
WORDS = {
    Records.PAYMENT.value: "payment",
    Records.ORDER.value: "order",
    Records.TRANSFER.value: "transfer",
    Records.CLAIM.value: "expense claim",
    Records.FEE.value: "fee",
}
LINKS = {
    "same_transaction": "the same payment in other books",
    "reversal": "takes it back",
    "settles": "settles it",
    "fee_of": "fee of it",
    "follows": "next of its series",
    "receipt": "receipt",
    "reference": "names the same document",
    "ordered_by": "order of it",
}
SECOND = 2  # the payer's posting of a negative row, whose money goes the other way


def named(user_id: UUID, rows: Sequence[Answer]) -> list[Answer]:
    """Return the rows, each with `records`: what it records, in words.

    A bill is what others ask of us, an invoice what we ask of others. Rows need `kind`,
    `relationship_type`, `source`, `target` and `source_event_id`.
    """
    owed = [row["source_event_id"] for row in rows if row["kind"] == Records.OBLIGATION]
    credit_notes = _credit_notes(user_id, owed)
    return [{**row, "records": word(row, is_credit=row["source_event_id"] in credit_notes)}
            for row in rows]  # fmt: skip


def facts(relationship: TenantRelationship, ends: Answer) -> Answer:
    """Return the fields that `named` needs: those of the relationship, and the entities at its
    `ends`."""
    names = ("kind", "relationship_type", "source_event_id")
    return {**{name: getattr(relationship, name) for name in names}, **ends}


def word(row: Answer, *, is_credit: bool = False) -> str:
    """Return the word for what a row records, such as "invoice".

    `is_credit` means that the document is a credit note: its money goes the other way.
    """
    if row["kind"] is None:
        return LINKS.get(row["relationship_type"], str(row["relationship_type"]).replace("_", " "))
    if row["kind"] != Records.OBLIGATION:
        return WORDS[row["kind"]]
    if is_credit:
        return CREDIT_NOTE
    from_us, to_us = (_is_ours(row[end]) for end in ("source", "target"))
    if to_us != from_us:
        return INVOICE if to_us else BILL
    source = row["source"]
    return INVOICE if source is not None and source.kind == EntityKind.CUSTOMER else BILL


def _is_ours(entity: Any) -> bool:
    return entity is not None and entity.kind in OURS


def _credit_notes(user_id: UUID, events: Iterable[UUID]) -> set[UUID]:
    """Return those of the events that are the payer's posting of a row with a negative amount."""
    ids = list(events)
    if not ids:
        return set()
    with tenant_transaction(user_id):
        rows = RawEvent.objects.filter(user_id=user_id, pk__in=ids, posting=SECOND)
        return set(rows.values_list("pk", flat=True))
