"""Tools about expected payments and open invoices."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from finley.mcp.shapes import (
    Answer,
    AsOfArguments,
    Currency,
    Day,
    Id,
    Money,
    Offset,
    OneOf,
    Party,
    Tool,
    Word,
)
from finley.mcp.shapes import party_of as party_in
from finley.mcp.tools.payment_tools import PARTY
from graph.questions import insights, open_items
from graph.questions.expected import due
from graph.questions.expected.occurrences import PROJECTED, most_likely
from graph.questions.prediction_status import STALE

TODAY = "Answer as of this day"


class DueArguments(AsOfArguments):
    status: Literal["expected", "pending", "overdue", "stale"] = Field(
        "expected",
        description="pending: due; overdue: did not come; expected: both; stale: the books end "
        "too early to tell",
    )
    party: Word | None = Field(None, description=PARTY)
    until: date | None = Field(
        None,
        description="Give it for every occurrence up to this day, with sums; without it, only the "
        "next one of each series",
    )
    today: date | None = Field(None, description=TODAY)
    limit: int = Field(20, ge=1, le=50)
    offset: Offset = 0


class Due(Answer):
    last_payment_id: Id
    payer: Party | None
    payee: Party | None
    status: str = Field(description="projected: after the next one, if it goes on as before")
    day: Day | None = Field(description="Most likely")
    expected_from: Day | None
    expected_to: Day | None
    amount_low: Money | None
    amount_high: Money | None
    currency: str | None
    reason: str | None


class DueTotal(Answer):
    currency: str | None
    comes_in: bool
    low: Money
    high: Money
    payments: int
    projected: int = Field(description="Of `payments`")


class AllDue(Answer):
    today: Day
    count: int = Field(description="Of all that match")
    totals: list[DueTotal] = Field(
        description="With `until`: of all that are cash, but overdue ones"
    )
    stale: int = Field(description="Stale ones in all; `expected` leaves them out")
    due: list[Due]
    next_offset: int | None = None


def due_payments(user_id: UUID, asked: DueArguments) -> AllDue:
    if asked.until is None or asked.status == STALE:  # a stale series has no further occurrences
        return _next_ones(user_id, asked)
    return _until(user_id, asked, asked.until)


def _until(user_id: UUID, asked: DueArguments, until: date) -> AllDue:
    chosen = {insights.EXPECTED: due.STATUSES, "pending": ("pending", PROJECTED)}
    answer = due.due_until(
        user_id, until, statuses=chosen.get(asked.status, (asked.status,)), party=asked.party,
        today=asked.today, limit=asked.limit, offset=asked.offset,
    )  # fmt: skip
    end = asked.offset + asked.limit
    return AllDue(
        today=answer["today"],
        count=answer["count"],
        stale=answer["stale"],
        totals=answer["totals"],
        due=[_due(row["id"], row, row) for row in answer["results"]],
        next_offset=end if end < answer["count"] else None,
    )


def _next_ones(user_id: UUID, asked: DueArguments) -> AllDue:
    statuses = insights.DUE if asked.status == insights.EXPECTED else (asked.status,)
    answer = insights.due(
        user_id, statuses=statuses, party=asked.party, today=asked.today, limit=asked.limit,
        offset=asked.offset,
    )  # fmt: skip
    count = sum(answer["counts"][status] for status in statuses)
    end = asked.offset + asked.limit
    return AllDue(
        today=answer["today"],
        count=count,
        stale=answer["counts"][STALE],
        totals=[],
        due=[
            _due(row["id"], row, {**row["insight"], "day": most_likely(row)})
            for row in answer["results"]
        ],
        next_offset=end if end < count else None,
    )


def _due(payment_id: UUID, row: dict[str, Any], insight: dict[str, Any]) -> Due:
    names = ("status", "day", "expected_from", "expected_to", "amount_low", "amount_high")
    return Due(
        last_payment_id=payment_id,
        payer=party_in(row["source"]),
        payee=party_in(row["target"]),
        currency=row["currency"],
        reason=insight["prediction_reason"],
        **{name: insight[name] for name in names},
    )


class OpenArguments(AsOfArguments):
    party: Word | None = Field(None, description=PARTY)
    direction: Literal["payable", "receivable"] | None = None
    item: Annotated[str, OneOf(open_items.ITEMS)] | None = None
    currency: Currency | None = None
    today: date | None = Field(None, description=TODAY)
    limit: int = Field(20, ge=1, le=50)


class OpenItem(Answer):
    payment_id: Id = Field(description="explain_payment takes it")
    item: str
    direction: str
    party_id: Id
    party: str
    day: Day
    due_on: Day | None
    document_ref: str | None
    amount: Money
    settled: Money
    open: Money
    currency: str
    days_overdue: int | None = Field(description="None without a due day")
    days_open: int


class OpenTotal(Answer):
    direction: str
    item: str
    currency: str
    open: Money
    count: int
    ages: dict[str, Money] = Field(description="By days overdue")


class OpenItems(Answer):
    today: Day
    count: int = Field(description="Of all that match")
    totals: list[OpenTotal] = Field(description="Of all that match")
    items: list[OpenItem] = Field(description="The earliest due day first")


def items_open(user_id: UUID, asked: OpenArguments) -> OpenItems:
    answer = open_items.open_items(user_id, **asked.model_dump(exclude_none=True))
    items = [OpenItem(payment_id=row["id"], **_facts(row, OpenItem)) for row in answer["results"]]
    return OpenItems(
        today=answer["today"], count=answer["count"], totals=answer["totals"], items=items
    )


def _facts(row: dict[str, Any], shape: type[Answer]) -> dict[str, Any]:
    """Those values of the row whose names are fields of the model `shape`."""
    return {name: row[name] for name in shape.model_fields if name in row}


TOOLS = (
    Tool(
        "due_payments",
        "Recurring payments that are due, or did not come, the earliest first.",
        DueArguments,
        AllDue,
        due_payments,
    ),
    Tool(
        "open_items",
        "Invoices and claims that are not settled, credit notes and refunds not used, and "
        "sums by age.",
        OpenArguments,
        OpenItems,
        items_open,
    ),
)
