"""An objection to a payment, as data, and texts that describe rows for it."""

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
    """One objection to a payment: the kind of verdict, its confidence (0..1), the reason as a
    sentence, and the row numbers that it rests on."""

    verdict: str
    confidence: float
    why: str
    rows: tuple[int, ...] = ()


def row(payments: Payments, at: int) -> str:
    """Return a text for people that describes row `at`: key, source, day, amount and document
    number."""
    document = f", number {payments.document[at]}" if payments.document[at] else ""
    return (
        f"row {payments.external_id[at]} of {payments.source[at]} on {day_of(payments, at)} of "
        f"{money(int(payments.amount[at]), payments.currency[at])}{document}"
    )


def money(amount: float, currency: str) -> str:
    """Return the amount as text with its currency. `amount` is in 1/10,000 of the currency's
    unit."""
    return f"{amount / UNIT:,.2f} {currency}"


def is_paid(payments: Payments, at: int) -> bool:
    """Return whether the row records money that moved."""
    return payments.records is None or payments.records[at] in MONEY_MOVED
