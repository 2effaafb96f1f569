"""What kind of book a sample is, and so who pays whom in it."""

from dataclasses import dataclass
from itertools import pairwise

from graph.ingest.column_synonyms import words
from graph.ingest.mapping import PartyRule
from graph.ingest.profile import Column
from graph.ingest.sample import Sample
from graph.ingest.values import money


@dataclass(frozen=True)
class Book:
    """`debit_credit` where the amounts stand in two columns; `positive` as in a mapping."""

    title: str
    platform: str
    payer: PartyRule
    payee: PartyRule
    positive: str = "payer_pays"
    debit_credit: tuple[Column, Column] | None = None
    notes: tuple[str, ...] = ()


def book(sample: Sample, own: str) -> Book:
    """The sample's kind. `own` names our side where no column does."""
    if donor := sample.party("donor"):
        return _donations(sample, donor, own)
    if _is_bank(sample):
        return _bank(sample, own)
    vendor, employee = sample.party("vendor"), sample.party("employee")
    if employee and not (vendor and _is_card(sample)):
        return _claims(sample, employee, vendor, own)
    if vendor:
        return _spending(sample, vendor, own)
    if customer := sample.party("customer"):
        return _sales(sample, customer, own)
    return _bank(sample, own)


def _name(column: Column | None) -> str | None:
    return column.name if column else None


def _is_bank(sample: Sample) -> bool:
    """A running balance, or money out beside money in, and nobody's department."""
    sides = sample.balance is not None or (
        sample.debit_credit is not None and sample.amount is None
    )
    return sides and sample.party("department") is None and sample.party("employee") is None


def _is_card(sample: Sample) -> bool:
    titles = [words(column.title) for column in sample.columns]
    said = {word for title in titles for word in title.split("_")}
    return bool(said & {"card", "cardholder", "mcc"}) or "merchant_category" in titles


def _donations(sample: Sample, donor: Column, own: str) -> Book:
    cause = sample.party("project")
    return Book(
        "donations: the donor pays us",
        "donations",
        PartyRule("customer", donor.name, "Anonymous", sample.keys("customer")),
        PartyRule("project" if cause else "account", _name(cause), own),
    )


def _claims(sample: Sample, employee: Column, vendor: Column | None, own: str) -> Book:
    payer = PartyRule("employee", employee.name, None, sample.keys("employee"))
    if vendor:
        payee = PartyRule("vendor", vendor.name, None, sample.keys("vendor"))
        return Book("expense claims: the employee pays the merchant", "claims", payer, payee)
    department = sample.party("department")
    ours = PartyRule("department", _name(department), own)
    return Book("expense claims: we pay the employee", "claims", ours, payer)


def _spending(sample: Sample, vendor: Column, own: str) -> Book:
    card = _is_card(sample)
    payee = PartyRule("vendor", vendor.name, None, sample.keys("vendor"))
    title = "a card feed: we pay the merchant" if card else "spending: a department pays the vendor"
    return Book(title, "card" if card else "ledger", _spender(sample, own, card), payee)


def _spender(sample: Sample, own: str, card: bool) -> PartyRule:
    holder = sample.party("employee")
    if department := sample.party("department"):
        return PartyRule("department", department.name, own)
    if holder:
        return PartyRule("employee", holder.name, own, sample.keys("employee"))
    account = sample.best("account") if card else None
    return PartyRule("account" if card else "department", _name(account), own)


def _sales(sample: Sample, customer: Column, own: str) -> Book:
    return Book(
        "sales: the customer pays us",
        "sales",
        PartyRule("customer", customer.name, None, sample.keys("customer")),
        PartyRule("account", None, own),
    )


def _bank(sample: Sample, own: str) -> Book:
    party = sample.party("counterparty")
    account = _own_account(sample)
    sides = sample.debit_credit
    positive, notes = ("payer_pays", ()) if sides else _sense(sample)
    if party and sample.named("description", party):
        notes = (*notes, f"no column names the other side; {party.title!r} stands for it")
    return Book(
        "a bank statement: our account pays or is paid",
        "bank",
        PartyRule("account", _name(account), own, sample.keys("account", account)),
        PartyRule("vendor", _name(party), None if party else "Unknown", sample.keys("vendor")),
        positive,
        sides,
        notes,
    )


def _own_account(sample: Sample) -> Column | None:
    """A column named like an account that hardly changes; many values are other people's."""
    return sample.best("account", lambda c: c.distinct <= max(3, c.rows // 20))


def _sense(sample: Sample) -> tuple[str, tuple[str, ...]]:
    """Whether a positive amount comes in, by the running balance; else as banks write it."""
    amount, balance = sample.amount, sample.balance
    if amount is not None and balance is not None:
        grows, shrinks = _moves(sample, amount, balance)
        if grows != shrinks:
            return ("payer_receives" if grows > shrinks else "payer_pays"), ()
    if amount is not None and not any("-" in v or "(" in v for v in amount.values):
        return "payer_receives", ("every amount is positive: all are read as money received",)
    return "payer_receives", ()


def _moves(sample: Sample, amount: Column, balance: Column) -> tuple[int, int]:
    """How often the balance moves with the amounts and against them, whatever the rows' order."""
    mark = "," if balance.money_hits(",") > balance.money_hits(".") else "."
    thousands = "." if mark == "," else ","
    pairs = []
    for row in sample.table:
        try:
            found = tuple(money(row[c.at], mark, thousands) for c in (amount, balance))
        except ValueError:
            continue
        pairs.append(found)
    steps = list(pairwise(pairs))
    oldest_first = [(by, now - before) for (_, before), (by, now) in steps]
    newest_first = [(by, now - before) for (by, now), (_, before) in steps]
    grows, shrinks = (
        max(sum(move == sign * by for by, move in moves) for moves in (oldest_first, newest_first))
        for sign in (1, -1)
    )
    return grows, shrinks
