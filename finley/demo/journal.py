"""Collects the rows of the books and the truth about them, and numbers invoices and rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random

from finley.demo import cash, spelling_noise
from finley.demo.company import Company
from finley.demo.parties import Party
from finley.demo.truth import (
    Alias,
    Balance,
    Decoy,
    Duplicate,
    Fee,
    Ref,
    Reversal,
    SameTransaction,
    Series,
    Settlement,
    Spelling,
    Truth,
)
from finley.demo.unpaid import Bill, unpaid

COLUMNS: dict[str, tuple[str, ...]] = {
    "ledger.csv": (
        "entry_id", "posted_on", "account", "party", "party_kind", "supplier_id", "vat_number",
        "iban", "invoice_number", "due_date", "entry_type", "amount", "currency", "description",
    ),
    "card.csv": (
        "transaction_id", "booked_on", "cardholder", "merchant", "mcc", "amount", "currency",
    ),
    "bank.csv": (
        "transaction_id", "booked_on", "value_on", "account", "description", "counterparty",
        "iban", "amount", "currency", "reference", "balance",
    ),
    "sales.csv": (
        "entry_id", "issued_on", "account", "customer", "customer_id", "vat_number",
        "invoice_number", "due_date", "amount", "currency", "description",
    ),
}  # fmt: skip
PENDING = "?"  # the number of an invoice until all invoices of its issuer are known
KEYS = ("supplier_id", "customer_id", "vat_number", "iban")
PREFIX = {"ledger.csv": "L", "card.csv": "C", "bank.csv": "B", "sales.csv": "S"}
LEAST_BALANCE = 250_000  # pence of each account's lowest balance
ACCOUNTS = {"GBP": "Current account", "EUR": "Euro account", "USD": "Dollar account"}


def money(pence: int) -> str:
    """Pence as pounds with two decimals."""
    return f"{'-' if pence < 0 else ''}{abs(pence) // 100}.{abs(pence) % 100:02d}"


@dataclass(eq=False)
class Row:
    """One row of a file. `pence` has the sign that the file states; `due` is the day on which an
    invoice is payable."""

    ref: Ref
    day: date
    party: Party
    pence: int
    currency: str
    values: dict[str, str]
    due: date | None = None
    stream: str = ""

    @property
    def number(self) -> str:
        """The row's invoice number, or ""."""
        return self.values.get("invoice_number", "")


@dataclass
class Journal:
    """Collects the rows of the books by file, and the truth about them. References to rows are
    provisional until `numbered`."""

    company: Company
    rng: Random
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    names: dict[Ref, list[tuple[str, str, Party]]] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    same: list[SameTransaction] = field(default_factory=list)
    settles: list[Settlement] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    reversals: list[Reversal] = field(default_factory=list)
    decoys: list[Decoy] = field(default_factory=list)
    echoes: list[Ref] = field(default_factory=list)
    credits: dict[Ref, list[Row]] = field(default_factory=lambda: defaultdict(list))
    placeholders: set[str] = field(default_factory=set)
    masks: set[str] = field(default_factory=set)
    sales_issued: int = 0

    def _add(self, file: str, day: date, party: Party, pence: int, /, **values: str) -> Row:
        ref = Ref(file, f"{len(self.rows[file])}")
        currency = values.get("currency", party.currency)
        values |= {"amount": money(pence), "currency": currency}
        row = Row(ref, day, party, pence, currency, values)
        self.rows[file].append(row)
        return row

    def spelled(self, party: Party) -> dict[str, str]:
        """The name and the keys of the party as a clerk enters them in one row, chosen at random.
        Look-alikes are always entered with their keys."""
        variant = bool(party.spellings) and self.rng.random() < 0.22
        keys = {
            "supplier_id": (party.supplier_id, 0.65 if variant else 0.93),
            "vat_number": (party.vat, 0.6),
            "iban": (party.iban, 0.85),
        }
        shown_keys = {
            key: value
            for key, (value, share) in keys.items()
            if value and (self.rng.random() < share or party.apart_from)
        }
        return {"party": self.rng.choice(party.spellings) if variant else party.name, **shown_keys}

    def ledger(
        self, day: date, party: Party, pence: int, account: str, entry_type: str, *,
        text: str, number: str = "", due: date | None = None, who: dict[str, str] | None = None,
    ) -> Row:  # fmt: skip
        """Write a line of the accounting system and return it. Positive amounts go from the account
        to the party."""
        values = who or self.spelled(party)
        row = self._add(
            "ledger.csv", day, party, pence, posted_on=day.isoformat(), account=account,
            party_kind=party.kind, entry_type=entry_type, description=text, invoice_number=number,
            due_date=due.isoformat() if due else "", **values,
        )  # fmt: skip
        row.due = due
        self._named(row, "party", party)
        return row

    def card(self, day: date, holder: Party, party: Party, pence: int) -> Row:
        """Write a line of the card company's feed and return it."""
        merchant = self.rng.choice(party.merchants)
        row = self._add(
            "card.csv", day, party, pence, booked_on=day.isoformat(), merchant=merchant,
            cardholder=holder.name.upper(), mcc=party.mcc,
        )  # fmt: skip
        self._named(row, "merchant", party)
        self._named(row, "cardholder", holder)
        return row

    def bank(
        self, day: date, party: Party, pence: int, description: str, *, reference: str = "",
        currency: str | None = None, with_iban: bool = True, name: str | None = None,
    ) -> Row:  # fmt: skip
        """Write a line of the bank statement and return it. Money in is positive."""
        currency = currency or party.currency
        called = spelling_noise.initialled(party.name) if party.kind == "employee" else party.name
        row = self._add(
            "bank.csv", day, party, pence, booked_on=day.isoformat(), value_on=day.isoformat(),
            account=ACCOUNTS[currency], description=description, currency=currency,
            counterparty=name or spelling_noise.bank_name(called), reference=reference[:35],
            iban=party.iban if with_iban else "",
        )  # fmt: skip
        self._named(row, "counterparty", party)
        return row

    def sale(
        self, day: date, party: Party, pence: int, text: str, *, number: str, due: date | None
    ) -> Row:
        """Write a line of the sales ledger and return it. Positive amounts go from the customer to
        the company."""
        who = self.spelled(party)
        row = self._add(
            "sales.csv", day, party, pence, issued_on=day.isoformat(), account="Sales",
            customer=who["party"], customer_id=who.get("supplier_id", ""),
            vat_number=who.get("vat_number", ""), invoice_number=number, description=text,
            due_date=due.isoformat() if due else "",
        )  # fmt: skip
        row.due = due
        self._named(row, "customer", party)
        return row

    def number_invoices(self) -> None:
        """Give each pending invoice its final number: in the order of days, for each supplier and
        for the company itself."""
        for row in sorted(self.rows["ledger.csv"], key=lambda row: row.day):
            if row.number == PENDING:
                row.values["invoice_number"] = row.party.next_number(self.rng)
        for row in sorted(self.rows["sales.csv"], key=lambda row: row.day):
            if row.number == PENDING:
                row.values["invoice_number"] = f"F{row.day:%y}-{self.next_sale():05d}"

    def next_sale(self) -> int:
        """Take the company's next invoice number and return it."""
        self.sales_issued += 1
        return self.sales_issued

    def _named(self, row: Row, column: str, party: Party) -> None:
        self.names.setdefault(row.ref, []).append((column, row.values[column], party))

    def revalue(self, row: Row, pence: int) -> None:
        """Change the row's amount to `pence`. Call this only before anything settles the row."""
        row.pence, row.values["amount"] = pence, money(pence)

    def decoy(self, kind: str, *rows: Row) -> None:
        """Note in the truth that these rows look like something that they are not."""
        self.decoys.append(Decoy(kind, [row.ref for row in rows]))

    def numbered(self) -> dict[Ref, Ref]:
        """Give every row its final key, in the order of the days. Return a dict from provisional to
        final references."""
        final: dict[Ref, Ref] = {}
        for file, rows in self.rows.items():
            rows.sort(key=lambda row: (row.day, int(row.ref.key)))
            first = self.rng.randrange(1000, 100_000)
            for number, row in enumerate(rows, first):
                final[row.ref] = Ref(file, f"{PREFIX[file]}{number:06d}")
                row.values[COLUMNS[file][0]] = final[row.ref].key
        return final

    def truth(self) -> Truth:
        """The truth about all rows so far, with provisional references."""
        start, end = self.company.span
        return Truth(
            self.company.seed, start, end, self.series, self.duplicates, self.same, self.settles,
            self.fees, self.reversals, self._aliases(), self.decoys, self.echoes,
            [party.id for party in self.company.late], sorted(self.placeholders),
            sorted(self.masks), cash.by_party(self._statement()), self._balances(),
            unpaid(self._bills(), self.settles, end),
        )  # fmt: skip

    def _bills(self) -> Iterator[Bill]:
        for file in ("ledger.csv", "sales.csv"):
            for row in self.rows[file]:
                if row.due and row.pence + sum(one.pence for one in self.credits[row.ref]) > 0:
                    yield Bill(row.ref, row.party.id, row.due)

    def state_balances(self) -> None:
        """Write the running balance of each account on its rows, in the file's order."""
        lines = self._statement()
        after = cash.running(lines, cash.opening(lines, LEAST_BALANCE))
        for row, balance in zip(self.rows["bank.csv"], after, strict=True):
            row.values["balance"] = money(balance)

    def _balances(self) -> list[Balance]:
        lines = self._statement()
        return cash.by_month(lines, cash.opening(lines, LEAST_BALANCE))

    def _statement(self) -> list[cash.Line]:
        return [
            cash.Line(row.values["account"], row.currency, row.day, row.party.id, row.pence)
            for row in self.rows["bank.csv"]
        ]

    def _aliases(self) -> list[Alias]:
        spellings: dict[str, dict[tuple[str, ...], Spelling]] = defaultdict(dict)
        for rows in self.rows.values():
            for row in rows:
                for column, name, party in self.names[row.ref]:
                    spelling = self._spelling(row, column, name)
                    key = (row.ref.file, column, name, *spelling.keys.values())
                    spellings[party.id].setdefault(key, spelling).rows.append(row.ref)
        return [
            self._alias(party, list(spellings[party.id].values()), set(spellings))
            for party in self.company.registry.all
            if party.id in spellings
        ]

    def _alias(self, party: Party, spellings: list[Spelling], party_ids: set[str]) -> Alias:
        apart = [other for other in party.apart_from if other in party_ids]
        return Alias(party.id, party.kind, party.name, spellings, apart)

    def _spelling(self, row: Row, column: str, name: str) -> Spelling:
        keys = {key: row.values[key] for key in KEYS if row.values.get(key)}
        return Spelling(row.ref.file, column, name, {} if column == "cardholder" else keys, [])
