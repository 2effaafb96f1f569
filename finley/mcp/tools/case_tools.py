"""Tools about double payments: the possible ones in the books, and a check of payments before they
are made."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from finley.mcp.shapes import (
    Answer,
    Arguments,
    AsOfArguments,
    Currency,
    Day,
    Id,
    Money,
    Offset,
    OneOf,
    Share,
    Tool,
    Word,
)
from graph.api.shapes.check_serializers import PARTIES, candidate
from graph.enrich.check.objection import VERDICTS
from graph.models.choices import CaseState
from graph.questions import cases, check, source_names

MOST = 50  # payments of one check
State = Annotated[str, OneOf(tuple(CaseState.values))]


class TwiceArguments(AsOfArguments):
    state: State | None = Field(CaseState.OPEN.value, description="null: all")
    party: Word | None = Field(None, description="Part of a name")
    currency: Currency | None = None
    min_confidence: float | None = Field(None, ge=0, le=1)
    order: Literal["confidence", "amount", "newest", "oldest"] = "confidence"
    limit: int = Field(10, ge=1, le=20)
    offset: Offset = 0


class CaseRow(Answer):
    payment_id: Id
    role: str = Field(description="original, extra, or a view of one of them by other books")
    source: str
    key: str
    day: Day
    amount: Money | None
    document_ref: str | None


class Case(Answer):
    case_id: Id
    state: str
    party: str
    amount_at_risk: Money
    amount_recovered: Money
    currency: str
    confidence: Share
    reason: str
    rows: list[CaseRow]


class CaseTotal(Answer):
    currency: str
    state: str
    cases: int
    amount_at_risk: Money
    amount_recovered: Money


class Cases(Answer):
    count: int
    totals: list[CaseTotal] = Field(description="Of all that match")
    cases: list[Case]
    next_offset: int | None = None


def paid_twice(user_id: UUID, asked: TwiceArguments) -> Cases:
    answer = cases.cases(user_id, **asked.model_dump())
    details = [cases.case(user_id, row["id"]) for row in answer["results"]]
    return Cases(
        count=answer["count"],
        totals=answer["totals"],
        cases=[_case(detail) for detail in details],
        next_offset=answer["next"],
    )


def _case(detail: dict[str, Any]) -> Case:
    names = set(Case.model_fields) - {"case_id", "rows"}
    rows = [
        CaseRow(
            payment_id=row["id"],
            document_ref=row["document_ref"] or None,
            **{name: row[name] for name in ("role", "source", "key", "day", "amount")},
        )
        for row in detail["rows"]
    ]
    return Case(case_id=detail["id"], rows=rows, **{name: detail[name] for name in names})


class NewPayment(Arguments):
    id: Word | None = Field(None, description="Your own key of the line")
    date: Day
    amount: Decimal = Field(ge=0, max_digits=16, decimal_places=4)
    currency: Currency
    party: Word = Field(description="Who will be paid")
    party_kind: Annotated[str, OneOf(PARTIES)] = "vendor"
    number: Word | None = Field(None, description="The invoice's number")
    due_on: Day | None = None
    iban: Word | None = None
    bank_account: Word | None = None
    vat_number: Word | None = None
    supplier_id: Word | None = None


class CheckArguments(Arguments):
    payments: list[NewPayment] = Field(min_length=1, max_length=MOST)
    source: Word | None = Field(None, description="The books that they would come to")


class Evidence(Answer):
    payment_id: Id | None = Field(description="Missing: a payment of this check")
    source: str
    key: str
    day: Day
    amount: Money
    currency: str
    document_ref: str | None


class Checked(Answer):
    id: str
    verdict: Annotated[str, OneOf(VERDICTS)]
    confidence: Share | None
    in_words: str
    party: str
    party_id: Id | None = Field(description="Missing: the books do not have it")
    evidence: list[Evidence] = Field(description="At most 5 rows of each reason")


class Checks(Answer):
    books_until: Day | None
    payments: list[Checked] = Field(description="In their order")


def check_payments(user_id: UUID, asked: CheckArguments) -> Checks:
    candidates = [
        candidate(one.model_dump(exclude_none=True), number)
        for number, one in enumerate(asked.payments, 1)
    ]
    source = asked.source and source_names.key(user_id, asked.source)
    answer = check.check(user_id, candidates, source=source)
    return Checks(
        books_until=answer["books_until"], payments=[_checked(row) for row in answer["results"]]
    )


def _checked(row: dict[str, Any]) -> Checked:
    evidence = [shown for finding in row["findings"] for shown in finding["rows"]]
    names = set(Checked.model_fields) - {"evidence"}
    return Checked(
        evidence=[
            Evidence(
                payment_id=shown["relationship_id"],
                **{name: shown[name] for name in set(Evidence.model_fields) - {"payment_id"}},
            )
            for shown in evidence
        ],
        **{name: row[name] for name in names},
    )


TOOLS = (
    Tool(
        "paid_twice",
        "Cases of possible double payments with all their rows, and the sums at risk.",
        TwiceArguments,
        Cases,
        paid_twice,
    ),
    Tool(
        "check_payments",
        "Check payments before they are made: paid already, duplicate, new bank details, over "
        "a limit, unusual, not expected, or fine. Stores nothing.",
        CheckArguments,
        Checks,
        check_payments,
    ),
)
