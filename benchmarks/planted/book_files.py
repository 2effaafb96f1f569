"""Collects the rows of the books by file, and the truth about them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time
from random import Random
from typing import Any

from benchmarks.otherbooks.bank_days import DAY, following
from benchmarks.planted.planted_names import Names, Party
from benchmarks.planted.truth import Kind
from finley.demo.truth import (
    Alias,
    Duplicate,
    Fee,
    Ref,
    Reversal,
    SameTransaction,
    Series,
    Settlement,
    Spelling,
)

COLUMNS: dict[str, tuple[str, ...]] = {
    "ledger.csv": ("Doc", "Date", "Directorate", "Code", "Payee", "Company no", "Account",
                   "Invoice", "Net", "Text"),
    "second.csv": ("Line", "Paid", "Team", "Recipient", "Their ref", "Value", "Purpose"),
    "bank.csv": ("Id", "Booked", "Name", "Account", "Text", "Out", "In"),
    "invoices.csv": ("No", "Dated", "Supplier", "Bill", "Due", "Amount", "Line text"),
    "rents.csv": ("Item", "Day", "Code", "Tenant", "Tenant no", "Amount", "About"),
    "giving.csv": ("Event", "At", "Kind", "Who", "Sum", "Note"),
    "wallets.csv": ("Move", "At", "Customer", "Sum", "Note"),
    "claims_a.csv": ("Nr", "Day", "Whom", "Claim", "Sum"),
    "claims_b.csv": ("Nr", "Day", "Whom", "Claim", "Sum"),
    "permits.csv": ("Row", "Sold", "Buyer", "Sum", "What"),
}  # fmt: skip
DIRECTORATES = ("Housing", "Highways", "Leisure", "Planning", "Children", "Finance")
CODES = ("Repairs", "Agency staff", "Consultancy", "Equipment", "Utilities", "Training")


@dataclass(eq=False)
class Line:
    """One row of a file. Its reference is provisional until `numbered`."""

    ref: Ref
    timestamp: datetime
    party: Party
    pence: int
    cells: dict[str, str]
    column: str
    keys: dict[str, str]

    @property
    def day(self) -> date:
        return self.timestamp.date()


@dataclass
class Sheets:
    """Collects the rows of the books by file, and the truth about them. References to rows are
    provisional until `numbered`."""

    span: tuple[date, date]
    rng: Random
    names: Names
    rows: dict[str, list[Line]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    series: list[Series] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    same: list[SameTransaction] = field(default_factory=list)
    settles: list[Settlement] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    reversals: list[Reversal] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)

    def day(self, margin: int = 60) -> date:
        """A random working day of the books, but none of the last `margin` days."""
        first, last = self.span
        return following(first + DAY * self.rng.randrange((last - first).days - margin))

    def ledger(
        self, day: date, party: Party, pence: int, *, name: str = "", number: str = "",
        text: str = "", code: str = "", directorate: str = "", keyed: bool = False,
    ) -> Line:  # fmt: skip
        """Write a payment that the council publishes, and return it. `keyed` rows have a company
        number and an account."""
        keys = {"company_number": party.company_number, "bank_account": party.account}
        keys = keys if keyed else {}
        home = int(party.id[1:])  # a party mostly works for one directorate
        cells = {
            "Date": f"{day:%d/%m/%Y}", "Payee": name or party.name, "Invoice": number,
            "Directorate": directorate or DIRECTORATES[home % 6], "Net": money(pence),
            "Code": code or CODES[home % 5], "Text": text,
            "Company no": keys.get("company_number", ""), "Account": keys.get("bank_account", ""),
        }  # fmt: skip
        return self._add("ledger.csv", day, party, pence, cells=cells, column="Payee", keys=keys)

    def second(self, day: date, party: Party, pence: int, number: str, text: str = "") -> Line:
        """Write a payment in another department's own ledger, and return it."""
        cells = {"Paid": day.isoformat(), "Team": "Grants", "Recipient": party.name,
                 "Their ref": number, "Value": money(pence), "Purpose": text}  # fmt: skip
        return self._add("second.csv", day, party, pence, cells=cells, column="Recipient", keys={})

    def bank(
        self, day: date, party: Party, pence: int, text: str = "", *, name: str = "",
        account: bool = False,
    ) -> Line:  # fmt: skip
        """Write a line of the statement and return it. Money out is positive, money in negative."""
        keys = {"bank_account": party.account} if account else {}
        cells = {
            "Booked": day.isoformat(), "Name": name or party.at_the_bank, "Text": text,
            "Account": keys.get("bank_account", ""),
            "Out" if pence > 0 else "In": money(abs(pence)),
        }  # fmt: skip
        return self._add("bank.csv", day, party, pence, cells=cells, column="Name", keys=keys)

    def bill(
        self, day: date, party: Party, pence: int, *, number: str, text: str, due: date
    ) -> Line:
        """Write a line of an invoice to pay, and return it."""
        cells = {"Dated": day.isoformat(), "Supplier": party.name, "Bill": number,
                 "Due": due.isoformat(), "Amount": money(pence), "Line text": text}  # fmt: skip
        return self._add("invoices.csv", day, party, pence, cells=cells, column="Supplier", keys={})

    def rent(self, day: date, party: Party, pence: int, code: str, about: str) -> Line:
        """Write a line of the income ledger, and return it. Its sign follows the convention of the
        books at that time."""
        cells = {"Day": day.isoformat(), "Code": code, "Tenant": party.name, "About": about,
                 "Tenant no": f"T{party.id}", "Amount": money(pence)}  # fmt: skip
        keys = {"customer_id": f"T{party.id}"}
        return self._add("rents.csv", day, party, pence, cells=cells, column="Tenant", keys=keys)

    def event(self, timestamp: datetime, party: Party, pence: int, kind: str) -> Line:
        """Write an event of the donations platform, with its time to the second, and return it."""
        cells = {"At": timestamp.isoformat(), "Who": party.name, "Sum": money(pence), "Kind": kind}
        return self._add("giving.csv", timestamp, party, pence, cells=cells, column="Who", keys={})

    def wallet(self, timestamp: datetime, party: Party, pence: int, note: str) -> Line:
        """Write a movement in a customer's wallet, with its time to the second, and return it."""
        cells = {"At": timestamp.isoformat(), "Customer": party.name, "Sum": money(pence)}
        cells["Note"] = note
        return self._add(
            "wallets.csv", timestamp, party, pence, cells=cells, column="Customer", keys={}
        )

    def claim(self, file: str, day: date, party: Party, pence: int, number: str) -> Line:
        cells = {"Day": day.isoformat(), "Whom": party.name, "Claim": number, "Sum": money(pence)}
        return self._add(file, day, party, pence, cells=cells, column="Whom", keys={})

    def permit(self, day: date, party: Party, pence: int, what: str) -> Line:
        cells = {"Sold": day.isoformat(), "Buyer": party.name, "Sum": money(pence), "What": what}
        return self._add("permits.csv", day, party, pence, cells=cells, column="Buyer", keys={})

    def kind(self, name: str, layer: str, lines: list[Line], **what: Any) -> None:
        self.kinds.append(Kind(name, layer, [line.ref for line in lines], **what))

    def numbered(self) -> dict[Ref, Ref]:
        """Give every row its final key, in the order of time. Return a dict from provisional to
        final references."""
        final: dict[Ref, Ref] = {}
        for file, rows in self.rows.items():
            rows.sort(key=lambda line: (line.timestamp, int(line.ref.key)))
            number = self.rng.randrange(10_000, 50_000)
            for line in rows:
                number += self.rng.choice((1, 1, 1, 2, 3))
                line.cells[COLUMNS[file][0]] = f"{file[0].upper()}{file[-5].upper()}{number}"
                final[line.ref] = Ref(file, line.cells[COLUMNS[file][0]])
        return final

    def aliases(self) -> list[Alias]:
        """Every party with two or more spellings, or with look-alikes."""
        spelled: dict[str, dict[tuple[str, ...], list[Line]]] = defaultdict(dict)
        for file, rows in self.rows.items():
            for line in rows:
                key = (file, line.column, line.cells[line.column], *line.keys.values())
                spelled[line.party.id].setdefault(key, []).append(line)
        return [
            Alias(party.id, party.kind, party.name, [
                Spelling(key[0], key[1], key[2], lines[0].keys, [line.ref for line in lines])
                for key, lines in spelled[party.id].items()
            ], party.apart_from)
            for party in self.names.parties if party.id in spelled
        ]  # fmt: skip

    def _add(
        self, file: str, when: date, party: Party, pence: int, *, cells: dict[str, str],
        column: str, keys: dict[str, str],
    ) -> Line:  # fmt: skip
        timestamp = when if isinstance(when, datetime) else datetime.combine(when, time())
        line = Line(
            Ref(file, str(len(self.rows[file]))), timestamp, party, pence, cells, column, keys
        )
        self.rows[file].append(line)
        return line


def money(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}{abs(pence) // 100}.{abs(pence) % 100:02d}"
