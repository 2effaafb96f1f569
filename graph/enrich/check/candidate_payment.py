"""A payment that has not been made yet."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from graph.ingest.ledger_rows import Party

# The keys that a candidate may state for its party. The one that an import would use comes first.
KEYS = (
    "supplier_id", "company_number", "charity_number", "vat_number", "iban", "bank_account",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """One line of a pay run: `amount` of `currency` to `party` on `day`.

    `id` is the line's own key, unique within the run. `amount` is not negative. `payer` names the
    tenant's party that pays. If it is "", the party that usually pays the payee does.
    """

    id: str
    day: date
    amount: Decimal
    currency: str
    party: Party
    number: str = ""
    description: str = ""
    due_on: date | None = None
    payer: str = ""

    @property
    def account(self) -> str:
        """Return the bank account in the form that detectors compare: 'iban …', 'account …' or
        ""."""
        keys = dict(self.party.keys)
        if keys.get("iban"):
            return f"iban {keys['iban']}"
        return f"account {keys['bank_account']}" if keys.get("bank_account") else ""
