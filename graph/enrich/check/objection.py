"""An objection to a payment, and texts that describe rows."""

from dataclasses import dataclass

from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.links.same_transaction import day_of
from graph.models.choices import MONEY_MOVED

VERDICTS = (
    "already_paid", "duplicate", "new_bank_details", "over_limit", "unusual_amount",
    "not_expected", "fine",
)  # fmt: skip
SHOWN = 5  # rows of a finding that are shown


@dataclass(frozen=True, slots=True)
class Finding:
    """An objection: its confidence, the reason in words, and the places of the rows behind it."""

    verdict: str
    confidence: float
    why: str
    rows: tuple[int, ...] = ()


def row(payments: Payments, at: int) -> str:
    """A text that describes the row."""
    document = f", number {payments.document[at]}" if payments.document[at] else ""
    return (
        f"row {payments.external_id[at]} of {payments.source[at]} on {day_of(payments, at)} of "
        f"{money(int(payments.amount[at]), payments.currency[at])}{document}"
    )


def money(amount: float, currency: str) -> str:
    """The amount as text. `amount` is in 1/10,000 of the currency's unit."""
    return f"{amount / UNIT:,.2f} {currency}"


def is_paid(payments: Payments, at: int) -> bool:
    """Return whether the row records money that moved."""
    return payments.records is None or payments.records[at] in MONEY_MOVED
