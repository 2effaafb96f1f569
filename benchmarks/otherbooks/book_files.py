"""Collects the rows of the books by file, and the truth about them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from random import Random

from benchmarks.otherbooks.bank_days import DAY, following, preceding
from benchmarks.otherbooks.people import Party, Register, feed
from finley.demo import cash
from finley.demo.truth import (
    Alias,
    Balance,
    Cash,
    Decoy,
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
    "statement.csv": ("Txn No", "Date", "Type", "Details", "Reference", "Paid out", "Paid in",
                      "Balance"),
    "purchases.csv": (
        "Entry", "Date", "Cost centre", "Supplier", "Party kind", "Supplier code", "Company no",
        "Bank account", "Their invoice", "Due", "Amount", "Narrative", "Entry type",
    ),
    "cards.csv": ("File month", "Ref", "Posted", "Card", "Merchant", "Value"),
    "claims.csv": (
        "Claim line", "Claimed on", "Project", "Claimant", "Bank account", "What for", "Receipt",
        "Amount",
    ),
    "giving.csv": ("Id", "Created", "Type", "Name", "Party kind", "Email", "Amount", "About"),
    "invoices.csv": (
        "Line", "Issued", "Customer", "Customer no", "Invoice", "Due", "Amount", "Work",
    ),
}  # fmt: skip
KEY = {"statement.csv": "Txn No", "purchases.csv": "Entry", "cards.csv": "Ref",
       "claims.csv": "Claim line", "giving.csv": "Id", "invoices.csv": "Line"}  # fmt: skip
KEYS = {"statement.csv": "{:08d}", "purchases.csv": "P/{:05d}", "cards.csv": "7{:09d}",
        "claims.csv": "EC{:05d}", "giving.csv": "tx_{:x}q", "invoices.csv": "{:06d}-1"}  # fmt: skip


LEAST_BALANCE = 100_000  # pence that the account holds at its lowest


@dataclass(eq=False)
class Row:
    """One row of a file. `pence` has the sign of the file."""

    ref: Ref
    day: date
    party: Party
    pence: int
    cells: dict[str, str]
    due: date | None = None
    series: str = ""

    @property
    def number(self) -> str:
        return self.cells.get("Their invoice") or self.cells.get("Invoice", "")


@dataclass
class Desk:
    """Collects the rows of the books by file, and the truth about them. References to rows are
    provisional until `numbered`."""

    span: tuple[date, date]
    rng: Random
    register: Register
    jitter: int
    missed: float
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    spelled: list[tuple[Row, str, str, dict[str, str], Party]] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    same: list[SameTransaction] = field(default_factory=list)
    settles: list[Settlement] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    reversals: list[Reversal] = field(default_factory=list)
    decoys: list[Decoy] = field(default_factory=list)
    echoes: list[Ref] = field(default_factory=list)
    credits: dict[Ref, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def inside(self, day: date) -> date:
        """`day`, or the first working day after it, but within the books: the books' last working
        day if it would be later."""
        day = following(max(day, self.span[0]))
        return day if day <= self.span[1] else preceding(self.span[1])

    def bank(self, day: date, party: Party, pence: int, kind: str, reference: str = "") -> Row:
        """Write a line of the statement and return it. Money in is positive."""
        cells = {
            "Date": f"{day:%d/%m/%Y}", "Type": kind, "Details": feed(party),
            "Reference": reference[:18].upper(), "Paid in" if pence > 0 else "Paid out":
            money(abs(pence)),
        }  # fmt: skip
        return self._add("statement.csv", day, party, pence, cells=cells, column="Details", keys={})

    def purchase(
        self, day: date, party: Party, pence: int, text: str, *, centre: str = "Workshop",
        number: str = "", due: date | None = None, keyed: float = 0.8, name: str = "",
    ) -> Row:  # fmt: skip
        """Write an entry of the purchase ledger and return it. Credit notes are negative. `keyed`
        is the chance that the entry has the party's keys."""
        name = name or self.entered(party)
        keys = self._stated(party, keyed)
        cells = {
            "Date": f"{day:%d/%m/%Y}", "Cost centre": centre, "Supplier": name,
            "Party kind": party.kind, "Supplier code": keys.get("supplier_id", ""),
            "Company no": keys.get("company_number", ""), "Their invoice": number,
            "Bank account": keys.get("bank_account", ""), "Amount": money(pence),
            "Due": f"{due:%d/%m/%Y}" if due else "", "Narrative": text,
            "Entry type": "CRN" if pence < 0 else "INV" if due else "PAY",
        }  # fmt: skip
        row = self._add(
            "purchases.csv", day, party, pence, cells=cells, column="Supplier", keys=keys
        )
        row.due = due
        return row

    def card(self, day: date, holder: Party, party: Party, pence: int) -> Row:
        """Write a line of the card feed and return it."""
        cells = {"File month": f"{day:%Y-%m}", "Posted": f"{day:%Y%m%d}", "Card": holder.name,
                 "Merchant": party.merchant, "Value": money(pence)}  # fmt: skip
        row = self._add("cards.csv", day, party, pence, cells=cells, column="Merchant", keys={})
        self.spelled.append((row, "Card", holder.name, {}, holder))
        return row

    def claim(self, day: date, who: Party, pence: int, text: str, receipt: str) -> Row:
        """Write a line of an expense claim and return it."""
        keys = self._stated(who, 0.9)
        cells = {"Claimed on": f"{day:%d/%m/%Y}", "Project": "Outings", "Claimant": who.name,
                 "Bank account": keys.get("bank_account", ""), "What for": text,
                 "Receipt": receipt, "Amount": money(pence)}  # fmt: skip
        return self._add("claims.csv", day, who, pence, cells=cells, column="Claimant", keys=keys)

    def gift(self, day: date, who: Party, pence: int, kind: str, about: str = "") -> Row:
        """Write a line of the donation platform's report and return it. Money that the charity
        receives is positive."""
        name = who.name if self.rng.random() < 0.85 else self.rng.choice(who.names)
        keys = {"email": who.keys["email"]} if "email" in who.keys else {}
        cells = {"Created": day.isoformat(), "Type": kind, "Name": name, "Party kind": who.kind,
                 "Email": keys.get("email", ""), "About": about,
                 "Amount": money(pence)}  # fmt: skip
        return self._add("giving.csv", day, who, pence, cells=cells, column="Name", keys=keys)

    def invoice(self, day: date, who: Party, pence: int, work: str) -> Row:
        """Write a sales invoice that is due in three weeks, and return it. It gets its number at
        the end."""
        due = day + DAY * 21
        keys = {"customer_id": who.keys["customer_id"]} if self.rng.random() < 0.9 else {}
        cells = {"Issued": f"{day:%d/%m/%Y}", "Customer": self.entered(who), "Invoice": "",
                 "Customer no": keys.get("customer_id", ""), "Amount": money(pence),
                 "Due": f"{due:%d/%m/%Y}", "Work": work}  # fmt: skip
        row = self._add("invoices.csv", day, who, pence, cells=cells, column="Customer", keys=keys)
        row.due = due
        return row

    def entered(self, party: Party) -> str:
        """The spelling of the party's name in one row, as a volunteer enters it. Look-alikes are
        entered only by their full names."""
        plain = bool(party.apart_from) or self.rng.random() < 0.75
        return party.name if plain else self.rng.choice(party.names)

    def _stated(self, party: Party, share: float) -> dict[str, str]:
        sure = bool(party.apart_from)
        return {k: v for k, v in party.keys.items() if sure or self.rng.random() < share}

    def _add(
        self, file: str, day: date, party: Party, pence: int, *, cells: dict[str, str],
        column: str, keys: dict[str, str],
    ) -> Row:  # fmt: skip
        row = Row(Ref(file, str(len(self.rows[file]))), day, party, pence, cells)
        self.rows[file].append(row)
        self.spelled.append((row, column, cells[column], keys, party))
        return row

    def numbered(self) -> dict[Ref, Ref]:
        """Give every row its final key, in the order of the days. Return a dict from provisional to
        final references."""
        final: dict[Ref, Ref] = {}
        for file, rows in self.rows.items():
            rows.sort(key=lambda row: (row.day, int(row.ref.key)))
            number = self.rng.randrange(100, 9000)
            for row in rows:
                number += self.rng.choice((1, 1, 1, 2))
                row.cells[KEY[file]] = KEYS[file].format(number)
                final[row.ref] = Ref(file, row.cells[KEY[file]])
        return final

    def state_balances(self) -> None:
        """Write the running balance on each row of the statement, in the file's order."""
        lines = self._lines("statement.csv", "Community account")
        after = cash.running(lines, cash.opening(lines, LEAST_BALANCE))
        for row, balance in zip(self.rows["statement.csv"], after, strict=True):
            row.cells["Balance"] = money(balance)

    def balances(self) -> list[Balance]:
        lines = self._lines("statement.csv", "Community account")
        return cash.by_month(lines, cash.opening(lines, LEAST_BALANCE))

    def cash(self) -> list[Cash]:
        """The true cash by month, currency and party, of the bank's account and of the platform.
        The platform's payouts are transfers between the two."""
        paid_out = {row.ref for row in self.rows["giving.csv"] if row.cells["Type"] == "payout"}
        arrived = {one.seen for one in self.same if one.ledger in paid_out}
        lines = [
            *self._lines("statement.csv", "Community account", without=arrived),
            *self._lines("giving.csv", "Donations balance", without=paid_out),
        ]
        return cash.by_party(lines)

    def _lines(
        self, file: str, account: str, without: frozenset[Ref] | set[Ref] = frozenset()
    ) -> list[cash.Line]:
        return [
            cash.Line(account, "GBP", row.day, row.party.id, row.pence)
            for row in self.rows[file]
            if row.ref not in without
        ]

    def aliases(self) -> list[Alias]:
        """Every party that others name, with its spellings in the files."""
        spellings: dict[str, dict[object, Spelling]] = defaultdict(dict)
        for row, column, name, keys, party in self.spelled:
            key = (row.ref.file, column, name, *sorted(keys.items()))
            spelling = Spelling(row.ref.file, column, name, keys, [])
            spellings[party.id].setdefault(key, spelling).rows.append(row.ref)
        return [
            Alias(p.id, p.kind, p.name, list(spellings[p.id].values()),
                  [other for other in p.apart_from if other in spellings])
            for p in self.register.parties if p.id in spellings
        ]  # fmt: skip


def money(pence: int) -> str:
    """Pence as pounds with two decimals."""
    return f"{'-' if pence < 0 else ''}{abs(pence) // 100}.{abs(pence) % 100:02d}"


def pounds(rng: Random, low: float, high: float) -> int:
    """A random number of pence between two amounts in pounds. Many are not whole pounds."""
    pence = rng.uniform(low, high) * 100
    return round(pence / 100) * 100 if rng.random() < 0.2 else round(pence)


def random_days(desk: Desk, per_month: float) -> list[date]:
    """Random working days of the books, about `per_month` per month."""
    start, end = desk.span
    span = (end - start).days
    return sorted(
        desk.inside(start + DAY * desk.rng.randrange(span))
        for _ in range(round(per_month * span / 30.4))
    )
