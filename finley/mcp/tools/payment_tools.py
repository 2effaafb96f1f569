"""Tools about payments: list them by filters, and explain one."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from finley.mcp.shapes import (
    Answer,
    AsOfArguments,
    Currency,
    Day,
    Id,
    Money,
    OneOf,
    Party,
    Share,
    Tool,
    Word,
    party_of,
)
from graph.errors import QuestionError
from graph.models.choices import Records
from graph.questions import explain, link_trail, relationships
from graph.reading import cursors

RELATED = 10  # related payments that are listed
Recorded = Annotated[str, OneOf(tuple(Records.values))]
PARTY = "A party_id, or part of a name"


class FindArguments(AsOfArguments):
    text: Word | None = Field(
        None, description="Words of its text, a number, an amount, a day or a month"
    )
    party: Word | None = Field(None, description=PARTY)
    since: date | None = None
    until: date | None = None
    min_amount: Decimal | None = Field(None, max_digits=16, decimal_places=4)
    max_amount: Decimal | None = Field(None, max_digits=16, decimal_places=4)
    currency: Currency | None = None
    document_ref: Word | None = Field(None, description="An invoice or order number")
    records: Recorded = Field(
        Records.PAYMENT.value, description="payment: money moved; obligation: invoices"
    )
    limit: int = Field(20, ge=1, le=50)
    cursor: Word | None = None


class Payment(Answer):
    payment_id: Id
    day: Day
    payer: Party | None
    payee: Party | None
    amount: Money | None
    currency: str | None
    document_ref: str | None
    records: str | None


class Payments(Answer):
    payments: list[Payment]
    next: str | None = None


def find_payments(user_id: UUID, asked: FindArguments) -> Payments:
    filters: dict[str, Any] = {
        name: value
        for name in ("text", "party", "min_amount", "max_amount", "currency", "document_ref")
        if (value := getattr(asked, name)) is not None
    }
    if asked.since is not None:
        filters["since"] = datetime.combine(asked.since, time.min, UTC)
    if asked.until is not None:
        filters["until"] = datetime.combine(asked.until, time.max, UTC)
    filters |= {"kind": asked.records, "once": True}
    after = None if asked.cursor is None else _position(asked.cursor)
    rows, following = relationships.relationships(user_id, filters, most=asked.limit, after=after)
    return Payments(payments=[payment(row) for row in rows], next=cursors.cursor(following))


def _position(text: str) -> cursors.Position:
    """The position in the list that the cursor `text` states. Raises QuestionError if the text is
    not a cursor."""
    try:
        return cursors.position(text)
    except ValueError:
        raise QuestionError("This is not a `next` of an answer.", "cursor") from None


def payment(row: dict[str, Any]) -> Payment:
    """Convert a row of the question `relationships` to a Payment, whose payer is the row's
    `source`."""
    return Payment(
        payment_id=row["id"],
        day=row["occurred_at"].date(),
        payer=party_of(row["source"]),
        payee=party_of(row["target"]),
        amount=row["amount"],
        currency=row["currency"],
        document_ref=row["document_ref"] or None,
        records=row["kind"],
    )


class ExplainArguments(AsOfArguments):
    payment_id: UUID


class BookRow(Answer):
    source: str = Field(description="The books that have the row")
    key: str = Field(description="The row's own key there")
    description: str | None


class Related(Answer):
    """Another payment that a relationship joins to this one, for example its settlement, its
    reversal or a duplicate."""

    type: str
    reason: str
    payment: Payment
    confidence: Share


class Explanation(Answer):
    payment: Payment
    in_words: str
    rows: list[BookRow]
    frequency: str | None = Field(description="How often it recurs")
    next_on: Day | None = Field(description="When it is next expected")
    root_cause: str | None
    duplicate_confidence: Share | None
    related: list[Related]
    more_related: bool = Field(description="Not all are listed: the oldest are")


def explain_payment(user_id: UUID, asked: ExplainArguments) -> Explanation:
    answer = explain.explain(user_id, asked.payment_id)
    trail = link_trail.trail(user_id, asked.payment_id)
    related = [step for step in trail["steps"] if step["distance"] == 1]
    layers = {
        name: (layer or {}).get("insight", {}) if layer else {}
        for name, layer in answer["layers"].items()
    }
    return Explanation(
        payment=payment(answer["relationship"]),
        in_words=answer["in_words"],
        rows=_rows(trail["events"]),
        frequency=layers["temporal"].get("recurrence_frequency"),
        next_on=layers["temporal"].get("next_predicted_occurrence"),
        root_cause=layers["root_cause"].get("root_cause_analysis"),
        duplicate_confidence=layers["fraud"].get("duplicate_confidence"),
        related=[_related(step) for step in related[:RELATED]],
        more_related=len(related) > RELATED,
    )


def _rows(events: list[Any]) -> list[BookRow]:
    """The rows of the books from which the events come. A ledger row with several postings is
    listed once."""
    rows = {
        (event.source, event.external_id): BookRow(
            source=event.source, key=event.external_id, description=event.description or None
        )
        for event in events
    }
    return list(rows.values())


def _related(step: dict[str, Any]) -> Related:
    row = step["relationship"]
    facts = {
        name: getattr(row, name)
        for name in ("id", "occurred_at", "amount", "currency", "document_ref", "kind")
    }
    ends = {"source": step["source"], "target": step["target"]}
    return Related(
        type=row.relationship_type,
        reason=row.reason,
        payment=payment({**facts, **ends}),
        confidence=row.confidence_score,
    )


TOOLS = (
    Tool(
        "find_payments",
        "Payments, newest first, each once whichever books saw it. Gives payment_ids.",
        FindArguments,
        Payments,
        find_payments,
    ),
    Tool(
        "explain_payment",
        "Why a payment came: its rows in the books, what it settles or repeats, how it "
        "recurs, and one paragraph in words.",
        ExplainArguments,
        Explanation,
        explain_payment,
    ),
)
