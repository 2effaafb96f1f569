"""One objection to a payment, and how rows are described in words."""

from dataclasses import dataclass

from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.links.same_transaction import day_of
from graph.models.choices import MONEY_MOVED

VERDICTS = (
    "already_paid", "duplicate", "new_bank_details", "over_limit", "unusual_amount",
    "not_expected", "fine",
)  # fmt: skip
SHOWN = 5  # rows of a finding


@dataclass(frozen=True, slots=True)
class Finding:
    """How sure it is, why (in words), and the places of the rows behind it."""

    verdict: str
    confidence: float
    why: str
    rows: tuple[int, ...] = ()


def row(payments: Payments, at: int) -> str:
    """The row in words."""
    document = f", number {payments.document[at]}" if payments.document[at] else ""
    return (
        f"row {payments.external_id[at]} of {payments.source[at]} on {day_of(payments, at)} of "
        f"{money(int(payments.amount[at]), payments.currency[at])}{document}"
    )


def money(amount: float, currency: str) -> str:
    """`amount`: in 1/10,000 of the currency's unit."""
    return f"{amount / UNIT:,.2f} {currency}"


def is_paid(payments: Payments, at: int) -> bool:
    """Whether the row records money that moved."""
    return payments.records is None or payments.records[at] in MONEY_MOVED
