"""Tools about sums: spending compared over time, cash flow, and whether statements add up."""

from datetime import UTC, date, datetime, time
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
    OneOf,
    Share,
    Tool,
    Word,
)
from finley.mcp.tools.due_tools import TODAY
from finley.mcp.tools.payment_tools import PARTY
from graph.questions import cash_flow, reconcile, spend
from graph.questions.periods import PERIODS
from graph.questions.spend import BY, RANKINGS


class SpendArguments(AsOfArguments):
    by: Annotated[str, OneOf(BY)] = "party"
    period: Annotated[str, OneOf(tuple(PERIODS))] = "month"
    direction: Literal["out", "in"] = "out"
    party: Word | None = Field(None, description=PARTY)
    currency: Currency | None = None
    periods: int = Field(4, ge=1, le=24, description="The newest, back from today")
    order: Annotated[str, OneOf(RANKINGS)] = "amount"
    today: date | None = Field(None, description=TODAY)
    limit: int = Field(10, ge=1, le=25)


class Period(Answer):
    period: str
    amount: Money
    count: int
    share: Share | None
    change: Money | None
    change_on_last_year: Money | None


class PriceChange(Answer):
    from_day: Day
    old: Money
    new: Money
    change_share: Share


class Spent(Answer):
    name: str | None
    party_id: Id | None
    currency: str
    periods: list[Period] = Field(description="The newest first")
    prices: list[PriceChange] = Field(description="The last lasting change of each series")


class Spend(Answer):
    today: Day
    count: int = Field(description="Groups of all times; the first `limit` are listed")
    groups: list[Spent]


def spend_compared(user_id: UUID, asked: SpendArguments) -> Spend:
    answer = spend.spend(user_id, **asked.model_dump(exclude_none=True))
    return Spend(today=answer["today"], count=answer["count"], groups=answer["results"])


class CashArguments(AsOfArguments):
    party: Word | None = Field(None, description=f"{PARTY}: in is what it gets, out what it pays")
    since: date | None = None
    until: date | None = None
    today: date | None = Field(None, description=TODAY)
    limit: int = Field(36, ge=1, le=72, description="Months, by currency; the newest")


class CashMonth(Answer):
    month: str
    currency: str
    money_in: Money
    money_out: Money
    off_statement_in: Money = Field(description="Only in other books; not in money_in")
    off_statement_out: Money = Field(description="Likewise; not in money_out")


class Owed(Answer):
    direction: str
    currency: str
    due_month: str
    open: Money
    overdue: Money


class Expected(Answer):
    month: str
    currency: str | None
    in_low: Money
    in_high: Money
    out_low: Money
    out_high: Money
    payments: int
    projected: int = Field(description="Of `payments`: after the next one of their series")


class Reach(Answer):
    source: str
    until: Day


class Cash(Answer):
    today: Day
    books: list[Reach] = Field(description="How far they go")
    months: list[CashMonth]
    obligations: list[Owed]
    expected: list[Expected] = Field(description="Predicted, as ranges; none overdue or stale")
    left_out: int = Field(description="Earlier rows of `months`; give `until` for them")


def cash_by_month(user_id: UUID, asked: CashArguments) -> Cash:
    answer = cash_flow.cash_flow(
        user_id,
        party=asked.party,
        since=datetime.combine(asked.since, time.min, UTC) if asked.since else None,
        until=datetime.combine(asked.until, time.max, UTC) if asked.until else None,
        today=asked.today,
    )
    months = answer["months"]
    return Cash(
        today=answer["today"],
        books=answer["books"],
        months=months[-asked.limit :],
        obligations=answer["obligations"],
        expected=answer["expected"],
        left_out=max(0, len(months) - asked.limit),
    )


class ReconcileArguments(AsOfArguments):
    months: int = Field(3, ge=1, le=24, description="The newest of each account")


class Break(Answer):
    key: str
    day: Day
    expected: Money
    stated: Money | None


class StatementMonth(Answer):
    month: str
    opening: Money
    movements: Money
    closing: Money
    ok: bool
    first_break: Break | None


class Account(Answer):
    source: str
    account: str
    currency: str
    ok: bool
    months_checked: int
    months_broken: list[str] = Field(description="Of all that were checked")
    months: list[StatementMonth] = Field(description="The newest `months`")


class Reconciled(Answer):
    ok: bool = Field(description="Of these accounts")
    accounts: list[Account] = Field(description="Those whose statements have running balances")


def reconcile_accounts(user_id: UUID, asked: ReconcileArguments) -> Reconciled:
    answer = reconcile.reconcile(user_id)
    return Reconciled(
        ok=answer["ok"], accounts=[_account(row, asked.months) for row in answer["accounts"]]
    )


def _account(row: dict[str, Any], months: int) -> Account:
    return Account(
        months_checked=len(row["months"]),
        months_broken=[month["month"] for month in row["months"] if not month["ok"]],
        months=row["months"][-months:],
        **{name: row[name] for name in ("source", "account", "currency", "ok")},
    )


TOOLS = (
    Tool(
        "spend_compared",
        "What was paid by party, department or category, period by period, and price rises.",
        SpendArguments,
        Spend,
        spend_compared,
    ),
    Tool(
        "cash_flow",
        "Money in and out by month, what is owed either way, and the expected months. "
        "Transfers between own accounts are neither.",
        CashArguments,
        Cash,
        cash_by_month,
    ),
    Tool(
        "reconcile",
        "Do statements add up: opening + movements = closing, by account and month.",
        ReconcileArguments,
        Reconciled,
        reconcile_accounts,
    ),
)
