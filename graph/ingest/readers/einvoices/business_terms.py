"""An electronic invoice according to EN 16931, in any syntax."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

# The codes of UNTDID 1001 for credit notes that EN 16931 allows.
_CREDIT_NOTES = frozenset(
    ("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532")
)


@dataclass(slots=True)
class TradeParty:
    """A seller (BG-4) or buyer (BG-7). Identifiers have no spaces, and are "" if not stated."""

    name: str = ""
    trading_name: str = ""
    vat_id: str = ""
    tax_number: str = ""
    company_number: str = ""
    identifier: str = ""
    email: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Tax:
    """One line of the VAT breakdown (BG-23)."""

    category: str
    rate: str
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One invoice line (BG-25). Quantity and price are texts as stated."""

    number: str
    name: str
    quantity: str
    unit: str
    price: str
    net: Decimal


@dataclass(slots=True)
class Totals:
    """Document totals (BG-22). None means not stated."""

    lines: Decimal | None = None
    allowances: Decimal | None = None
    charges: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    prepaid: Decimal | None = None
    rounding: Decimal | None = None
    payable: Decimal | None = None


@dataclass(slots=True)
class Invoice:
    number: str = ""
    type_code: str = ""
    issued_on: date | None = None
    due_on: date | None = None
    currency: str = ""
    seller: TradeParty = field(default_factory=TradeParty)
    buyer: TradeParty = field(default_factory=TradeParty)
    payee: str = ""
    ibans: tuple[str, ...] = ()
    bic: str = ""
    payment_means: str = ""
    payment_reference: str = ""
    terms: str = ""
    note: str = ""
    buyer_reference: str = ""
    order: str = ""
    contract: str = ""
    preceding: str = ""
    totals: Totals = field(default_factory=Totals)
    taxes: tuple[Tax, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def is_credit_note(self) -> bool:
        return self.type_code in _CREDIT_NOTES

    def broken_sums(self) -> list[str]:
        """Return the rules of EN 16931 about sums (BR-CO-10, 13, 14, 15, 16) that the invoice
        breaks."""
        totals, zero = self.totals, Decimal(0)
        rules = (
            ("lines", "the sum of the lines", totals.lines, _sum(line.net for line in self.lines)),
            ("net", "lines - allowances + charges", totals.net,
             _plus(totals.lines, -(totals.allowances or zero), totals.charges or zero)),
            ("tax", "the sum of the VAT breakdown", totals.tax,
             _sum(tax.amount for tax in self.taxes)),
            ("gross", "net + tax", totals.gross, _plus(totals.net, totals.tax or zero)),
            ("payable", "gross - prepaid + rounding", totals.payable,
             _plus(totals.gross, -(totals.prepaid or zero), totals.rounding or zero)),
        )  # fmt: skip
        return [
            f"invoice {self.number}: {rule} is {right}, but {name} is stated as {value}"
            for name, rule, value, right in rules
            if value is not None and right is not None and value != right
        ]


def _sum(amounts: Iterable[Decimal]) -> Decimal | None:
    """Return the sum of the amounts, or None if there are none: an invoice profile without lines
    states no amounts."""
    values = list(amounts)
    return sum(values, Decimal(0)) if values else None


def _plus(first: Decimal | None, *others: Decimal) -> Decimal | None:
    return None if first is None else first + sum(others, Decimal(0))
