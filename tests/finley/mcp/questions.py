"""Twenty questions about the demo's books, each answered by tools and by the truth.

Each function takes `ask(tool, **arguments)` and the books. It calls tools with ids from earlier
answers, and returns both what the tools found and what is true.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from finley.demo.books import Sheets
from finley.demo.journal import COLUMNS
from finley.demo.truth import Alias, Ref, Series

Ask = Callable[..., Any]
Found = tuple[Any, Any]
DAY = {"ledger.csv": "posted_on", "card.csv": "booked_on", "bank.csv": "booked_on",
       "sales.csv": "issued_on"}  # fmt: skip
TODAY = "2026-01-01"
MONTH = "2025-03"


@dataclass
class Demo:
    sheets: Sheets

    @cached_property
    def rows(self) -> dict[Ref, dict[str, str]]:
        return {
            Ref(file, row[COLUMNS[file][0]]): row
            for file, rows in self.sheets.rows.items()
            for row in rows
        }

    def party(self, party: str) -> Alias:
        return next(alias for alias in self.sheets.truth.aliases if alias.party == party)

    def series(self, stream: str) -> Series:
        return next(one for one in self.sheets.truth.series if one.id == stream)

    def day(self, ref: Ref) -> str:
        return self.rows[ref][DAY[ref.file]]

    def amount(self, ref: Ref) -> Decimal:
        return abs(Decimal(self.rows[ref]["amount"]))

    def extra(self) -> list[Any]:
        return [one for one in self.sheets.truth.duplicates if not one.echo]


def named(ask: Ask, name: str) -> str:
    """The id of the first party that a search for this name finds."""
    return str(ask("search_parties", name=name, limit=1)["parties"][0]["party_id"])


def all_cases(ask: Ask) -> Iterator[dict[str, Any]]:
    offset: int | None = 0
    while offset is not None:
        page = ask("paid_twice", offset=offset, limit=20)
        yield from page["cases"]
        offset = page.get("next_offset")


def explained(ask: Ask, demo: Demo, ref: Ref, **more: Any) -> dict[str, Any]:
    """The answer of the tool explain_payment for the row `ref`, which is found by its day and
    amount."""
    day, amount = demo.day(ref), str(demo.amount(ref))
    page = ask("find_payments", since=day, until=day, min_amount=amount, max_amount=amount, **more)
    for one in page["payments"]:
        explanation = ask("explain_payment", payment_id=one["payment_id"])
        if ref.key in {row["key"] for row in explanation["rows"]}:
            return explanation
    raise AssertionError(f"{ref} was not found")


def related(explanation: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["payment"] for one in explanation["related"] if one["type"] == kind]


def at_risk(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: How much was paid twice, by currency?"""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in demo.extra():
        sums[demo.rows[one.row]["currency"]] += demo.amount(one.row)
    totals = ask("paid_twice", limit=1)["totals"]
    return {row["currency"]: Decimal(row["amount_at_risk"]) for row in totals}, dict(sums)


def extra_rows(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: Which rows were entered once too often?"""
    keys = {row["key"] for case in all_cases(ask) for row in case["rows"] if row["role"] == "extra"}
    echoes = {one.row.key for one in demo.sheets.truth.duplicates if one.echo}
    return keys - echoes, {one.row.key for one in demo.extra()}


def originals(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: What does the case of the greatest amount repeat?"""
    case = ask("paid_twice", order="amount", limit=1)["cases"][0]
    extra = {row["key"] for row in case["rows"] if row["role"] == "extra"}
    original = {row["key"] for row in case["rows"] if row["role"] == "original"}
    return original, {one.original.key for one in demo.extra() if one.row.key in extra}


def _month(demo: Demo, month: str, currency: str) -> tuple[Decimal, Decimal]:
    cash = [one for one in demo.sheets.truth.cash if (one.month, one.currency) == (month, currency)]
    return (
        Decimal(sum(one.money_in for one in cash)) / 100,
        Decimal(sum(one.money_out for one in cash)) / 100,
    )


def cash_of_a_month(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: What came in and went out in March 2025?"""
    months = ask("cash_flow", since=f"{MONTH}-01", until=f"{MONTH}-31", today=TODAY)["months"]
    (pounds,) = [one for one in months if one["currency"] == "GBP"]
    return (Decimal(pounds["money_in"]), Decimal(pounds["money_out"])), _month(demo, MONTH, "GBP")


def dearest_month(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: In which month did most pounds go out?"""
    months = ask("cash_flow", today=TODAY, limit=72)["months"]
    pounds = {one["month"]: Decimal(one["money_out"]) for one in months if one["currency"] == "GBP"}
    true = {one.month: _month(demo, one.month, "GBP")[1] for one in demo.sheets.truth.cash}
    return max(pounds, key=pounds.__getitem__), max(true, key=true.__getitem__)


def euros(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: How many euros went out in all?"""
    months = ask("cash_flow", today=TODAY, limit=72)["months"]
    found = sum(Decimal(one["money_out"]) for one in months if one["currency"] == "EUR")
    cash = [one for one in demo.sheets.truth.cash if one.currency == "EUR"]
    return found, Decimal(sum(one.money_out for one in cash)) / 100


def closing(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: What was on the current account at the end of March
    2025?"""
    accounts = ask("reconcile", months=24)["accounts"]
    found = [
        Decimal(month["closing"])
        for account in accounts
        if account["account"] == "Current account"
        for month in account["months"]
        if month["month"] == MONTH
    ]
    true = [
        Decimal(one.closing) / 100
        for one in demo.sheets.truth.balances
        if (one.account, one.month) == ("Current account", MONTH)
    ]
    return found, true


def statements(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: Do all statements add up?"""
    answer = ask("reconcile", months=1)
    accounts = {one["account"] for one in answer["accounts"]}
    return (answer["ok"], accounts), (True, {one.account for one in demo.sheets.truth.balances})


def _of_party(demo: Demo, party: str) -> tuple[Decimal, Decimal]:
    cash = [one for one in demo.sheets.truth.cash if one.party == party]
    return (
        Decimal(sum(one.money_in for one in cash)) / 100,
        Decimal(sum(one.money_out for one in cash)) / 100,
    )


def _cash_with(ask: Ask, demo: Demo, party: str) -> tuple[Decimal, Decimal]:
    """The party's money in and out, seen from the party: its money in is the company's money
    out."""
    found = named(ask, demo.party(party).name)
    months = ask("cash_flow", party=found, today=TODAY)["months"]
    return (
        sum((Decimal(one["money_out"]) for one in months), Decimal(0)),
        sum((Decimal(one["money_in"]) for one in months), Decimal(0)),
    )


def landlord(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: What did the landlord get in all?"""
    party = demo.series("rent-office@bank").party
    return _cash_with(ask, demo, party), _of_party(demo, party)


def late_customer(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: What did a customer who pays late pay in all?"""
    party = demo.sheets.truth.late_payers[0]
    return _cash_with(ask, demo, party), _of_party(demo, party)


def how_often_coffee(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: How often is coffee bought?"""
    series = demo.series("coffee@ledger")
    explanation = explained(ask, demo, series.rows[-2], party=demo.party(series.party).name)
    return explanation["frequency"], series.frequency


def next_rent(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: When is the office's rent due next?"""
    series = demo.series("rent-office@bank")
    party = named(ask, demo.party(series.party).name)
    due = ask("due_payments", party=party, today=TODAY)["due"]
    expected = str(series.next_expected)
    found = any(one["expected_from"] <= expected <= one["expected_to"] for one in due)
    return found, True


def settled(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: Which invoice did a bank payment settle?"""
    one = next(
        one
        for one in demo.sheets.truth.settles
        if one.kind == "purchase" and one.complete and len(one.invoices) == len(one.payments) == 1
    )
    explanation = explained(ask, demo, one.payments[0])
    invoices = {row["document_ref"] for row in related(explanation, "settles")}
    return invoices, {demo.rows[one.invoices[0]]["invoice_number"]}


def open_rest(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: Which part of an invoice that was paid in part is
    open?"""
    one = next(
        one
        for one in demo.sheets.truth.settles
        if one.kind == "purchase" and not one.complete and len(one.invoices) == 1
        and all(Decimal(demo.rows[ref]["amount"]) < 0 for ref in one.payments)
    )  # fmt: skip
    row = demo.rows[one.invoices[0]]
    items = ask("open_items", party=row["party"], today=TODAY, item="invoice")["items"]
    found = [i["open"] for i in items if i.get("document_ref") == row["invoice_number"]]
    rest = demo.amount(one.invoices[0]) - sum(demo.amount(ref) for ref in one.payments)
    return [Decimal(amount) for amount in found], [rest]


def taken_back(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: What does a credit note take back?"""
    one = next(
        r for r in demo.sheets.truth.reversals if not r.partial and r.row.file == "ledger.csv"
    )
    explanation = explained(ask, demo, one.row, records="obligation")
    found = {row["amount"] for row in related(explanation, "reversal")}
    return {Decimal(amount) for amount in found}, {demo.amount(one.original)}


def charged(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: What was a fee charged for?"""
    one = demo.sheets.truth.fee_of[0]
    explanation = explained(ask, demo, one.fee, records="fee")
    found = {Decimal(row["amount"]) for row in related(explanation, "fee_of")}
    return found, {demo.amount(one.payment)}


def spellings(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: How is the coffee house spelled?"""
    alias = demo.party(demo.series("coffee@ledger").party)
    party = ask("party_summary", party_id=named(ask, alias.name))
    return set(party["spellings"]), {one.name for one in alias.spellings}


def apart(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: Are two suppliers of like names one?"""
    alike = demo.party("vendor-056"), demo.party("vendor-092")
    return len({named(ask, alias.name) for alias in alike}), 2


def already_paid(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: May an invoice be paid that is paid already?"""
    one = next(
        one
        for one in demo.sheets.truth.settles
        if one.kind == "purchase" and one.complete and len(one.invoices) == 1
        and demo.rows[one.invoices[0]].get("supplier_id")
    )  # fmt: skip
    row = demo.rows[one.invoices[0]]
    line = {
        "date": TODAY,
        "amount": row["amount"],
        "currency": row["currency"],
        "party": row["party"],
        "number": row["invoice_number"],
        "supplier_id": row["supplier_id"],
    }
    (checked,) = ask("check_payments", payments=[line], source="finley-demo.bank")["payments"]
    keys = {shown["key"] for shown in checked["evidence"]}
    return (checked["verdict"], one.payments[0].key in keys), ("already_paid", True)


def rent_of_november(ask: Ask, demo: Demo) -> Found:
    """The tools' answer and the truth about: What was spent on the landlord in November 2025?"""
    party = demo.series("rent-office@bank").party
    found = named(ask, demo.party(party).name)
    (group,) = ask("spend_compared", party=found, today=TODAY, periods=3)["groups"]
    amounts = {one["period"]: Decimal(one["amount"]) for one in group["periods"]}
    true = [
        one.money_out for one in demo.sheets.truth.cash
        if (one.party, one.month) == (party, "2025-11")
    ]  # fmt: skip
    return amounts["2025-11"], Decimal(sum(true)) / 100


QUESTIONS: tuple[Callable[[Ask, Demo], Found], ...] = (
    at_risk, extra_rows, originals, cash_of_a_month, dearest_month, euros, closing, statements,
    landlord, late_customer, how_often_coffee, apart, next_rent, settled, open_rest,
    taken_back, charged, spellings, already_paid, rent_of_november,
)  # fmt: skip
