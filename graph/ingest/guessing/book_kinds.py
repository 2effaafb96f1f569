"""Guesses the kind of book that a sample belongs to: who pays whom in it."""

from dataclasses import replace
from decimal import Decimal

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.account_statements import account_book, is_account
from graph.ingest.guessing.amount_columns import Money, amount_columns, received_by_us
from graph.ingest.guessing.book import Book, directed
from graph.ingest.guessing.direction import direction_of, says
from graph.ingest.guessing.header import GuessError
from graph.ingest.guessing.invoice_lists import day_book, invoices, is_invoices, types_of
from graph.ingest.guessing.ledger_accounts import debits
from graph.ingest.guessing.party_columns import (
    descriptions,
    is_holder,
    keys,
    names_anybody,
    own_account,
)
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.roles import typeness
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.vocabulary import CARD, plain
from graph.ingest.mappings.mapping import OWED, PartyRule

FEEDS = frozenset({"bank", "card"})


def book(sample: Sample, own: str, choices: Choices) -> Book:
    """Return the kind of book that the sample is.

    `own` names the tenant's party if no column does. Raises GuessError.
    """
    money = amount_columns(sample, choices.amount)
    _refuse_journal(sample)
    money, doubts = debits(sample, money, choices)
    guessed = _kind(sample, own, money, choices)
    guessed = _named_by_rows(replace(guessed, doubts=(*guessed.doubts, *doubts)), choices)
    if choices.records:
        return replace(guessed, records=choices.records)
    return _ordered(guessed) if _is_orders(sample) else _by_due_day(sample, guessed)


def _named_by_rows(guessed: Book, choices: Choices) -> Book:
    """Return the book, with another kind of counterparty if the rows do not pay it.

    It is a customer if every row is money that the tenant receives or is owed, and an employee if
    the rows are said to be expense claims.
    """
    payee, money = guessed.payee, guessed.money
    if payee.kind != "vendor" or guessed.payer.kind == "employee" or payee.own:
        return guessed
    is_one_way = money.column is not None and not money.signed and guessed.direction is None
    comes_in = guessed.positive == "payer_receives" and not any(guessed.words)
    if choices.records == "claim":
        return replace(guessed, payee=_of_kind(payee, "employee"))
    return (
        replace(guessed, payee=_of_kind(payee, "customer")) if is_one_way and comes_in else guessed
    )


def _of_kind(party: PartyRule, kind: str) -> PartyRule:
    """Return the rule for a party of another kind, without the keys that only suppliers have."""
    keys_of_it = tuple(pair for pair in party.keys if pair[0] != "supplier_id")
    return replace(party, kind=kind, keys=keys_of_it)


def _by_due_day(sample: Sample, guessed: Book) -> Book:
    """Return the book, changed so that each row's due day decides what the row records.

    This applies to books of payments with a column of due days. Accounts, cards and processors
    state money that moved, whatever else they contain.
    """
    moved = guessed.platform in FEEDS or guessed.platform in OWED
    if guessed.records == "payment" and sample.role("due") and not moved:
        return replace(guessed, records=None)
    return guessed


def _donor(sample: Sample) -> Column | None:
    """Return the column with the donor, or the only column of names in a list of donations; else
    None."""
    if donor := sample.role("donor"):
        return donor
    if sample.title_words & {"donation", "donated", "donor"} and not sample.role("vendor"):
        return sample.role("counterparty") or sample.role("customer")
    return None


def _is_orders(sample: Sample) -> bool:
    date = sample.role("date")
    return date is not None and "order" in date.name.split("_")


def _ordered(guessed: Book) -> Book:
    text = "the date is an order's: rows are read as orders, which move no money"
    doubt = Doubt("records", text, "--records", ("order", "payment"), 0.85)
    return replace(guessed, records="order", doubts=(*guessed.doubts, doubt))


def _kind(sample: Sample, own: str, money: Money, choices: Choices) -> Book:
    card = is_card(sample)
    types = types_of(sample)
    if types and (coded := day_book(sample, types, own, money)):
        return coded
    if donor := _donor(sample):
        return _donations(sample, donor, own, money)
    if is_processor(sample):
        return _processor(sample, own, money, choices)
    if is_invoices(sample, card=card):
        return invoices(sample, own, money, choices)
    listed = None if is_account(sample, money) else _list(sample, own, money, choices, card=card)
    return listed or account_book(sample, own, money, choices, card=card)


def _list(sample: Sample, own: str, money: Money, choices: Choices, *, card: bool) -> Book | None:
    """Return a book of claims, spending or sales, or None if the sample is no such list.

    In such a list, all payments are to or by parties of one kind.
    """
    vendor = sample.role("vendor") or sample.role("payee")
    employee, customer = sample.role("employee"), sample.role("customer")
    if employee is None and sample.role("employee_id") and vendor is None:
        employee = sample.role("counterparty")
    if employee and not card:
        return _claims(sample, employee, vendor, own, money)
    if vendor and not (card and employee is None and money.signed):
        return _spending(sample, vendor, own, money, choices, card=card)
    if customer and not card and not names_anybody(customer):
        return _sales(sample, customer, own, money)
    return None


def is_card(sample: Sample) -> bool:
    """Return whether the titles are those of a card's statement, and there is no running balance.

    Banks also name cards in statements, but with a balance.
    """
    if sample.role("balance"):
        return False
    titles = (plain(column.title) for column in sample.columns)
    return bool(sample.title_words & CARD) or any("merchant category" in t for t in titles)


def _refuse_journal(sample: Sample) -> None:
    """Raise GuessError for transactions with several rows that sum to zero: such rows are no
    payments."""
    debit, credit = sample.role("debit"), sample.role("credit")
    account = sample.role("account") or sample.role("ledger_account")
    if debit is None or credit is None or account is None or account.distinct < 2:
        return
    if sample.role("balance") is not None:
        return
    sums = [
        sum((amount or Decimal(0) for amount in sample.amounts(column)), Decimal(0))
        for column in (debit, credit)
    ]
    rows = sample.table
    filled = sum(bool(row[debit.at]) != bool(row[credit.at]) for row in rows)
    if sums[0] == sums[1] != 0 and filled == len(rows) > 1:
        raise GuessError(
            "it is a general journal: each transaction stands on several lines that sum to zero "
            f"(debits = credits = {sums[0]}). Export the bank account's own transactions instead, "
            "or write a mapping for one side of the journal (docs/formats.md)"
        )


def is_processor(sample: Sample) -> bool:
    """Return whether this is a payment processor's list: customers' money, less a fee."""
    role = sample.role
    names_party = any(
        role(party) for party in ("payee", "payer", "counterparty", "vendor", "employee")
    )
    fee = role("fee") is not None
    people = role("customer") is not None or role("email") is not None
    payouts = bool(sample.title_words & {"payout", "charge", "captured", "refunded", "checkout"})
    nets = fee and role("net") is not None and (role("amount") or role("gross"))
    return bool(not names_party and fee and (people or payouts or nets) and not role("balance"))


def _donations(sample: Sample, donor: Column, own: str, money: Money) -> Book:
    cause = sample.role("project")
    money = received_by_us(money)
    return Book(
        "donations: the donor pays us",
        "donations",
        PartyRule("customer", donor.name, "Anonymous", keys(sample, "customer")),
        PartyRule("project" if cause else "account", cause.name if cause else None, own),
        money,
    )


def _claims(
    sample: Sample, employee: Column, vendor: Column | None, own: str, money: Money
) -> Book:
    payer = PartyRule("employee", employee.name, None, keys(sample, "employee"))
    if vendor:
        payee = PartyRule("vendor", vendor.name, None, keys(sample, "vendor"))
        title = "expense claims: the employee pays the merchant"
        guessed = Book(title, "claims", payer, payee, money, "claim")
        return _by_sign(sample, guessed, [vendor])
    department = sample.role("department")
    ours = PartyRule("department", department.name if department else None, own)
    title = "expense claims: we pay the employee"
    claimed = sample.title_words & {
        "claim",
        "claimant",
        "claimed",
        "expense",
        "expenses",
        "reimbursable",
    }
    return Book(title, "claims", ours, payer, money, "claim" if claimed else "payment")


def _sales(sample: Sample, customer: Column, own: str, money: Money) -> Book:
    payer = PartyRule("customer", customer.name, None, keys(sample, "customer"))
    ours = PartyRule("account", None, own)
    return Book("sales: the customer pays us", "sales", payer, ours, received_by_us(money))


def _spending(
    sample: Sample, vendor: Column, own: str, money: Money, choices: Choices, *, card: bool
) -> Book:
    payee = PartyRule("vendor", vendor.name, None, keys(sample, "vendor"))
    title = "a card feed: we pay the merchant" if card else "spending: a department pays the vendor"
    payer = _spender(sample, own, card)
    guessed = Book(title, "card" if card else "ledger", payer, payee, money)
    if money.column and choices.direction:
        comes_in = choices.direction == "in"
        return replace(guessed, positive="payer_receives" if comes_in else "payer_pays")
    coded = sample.role("direction")
    if coded and money.column and not money.signed and all(words := says(sample, coded)):
        return replace(guessed, direction=coded, words=words)
    return _by_sign(sample, guessed, [vendor, *descriptions(sample)])


def _by_sign(sample: Sample, guessed: Book, texts: list[Column]) -> Book:
    """Return the book with the sign that means spending.

    Few negative rows are refunds, and spending is then positive. With more of them the rows decide
    (`direction_of`).
    """
    column = guessed.money.column
    if column is None or column.negative < 0.3 * max(1, len(column.values)):
        return guessed
    return directed(guessed, direction_of(sample, column, texts, card=True))


def _spender(sample: Sample, own: str, card: bool) -> PartyRule:
    if department := sample.role("department"):
        return PartyRule("department", department.name, own)
    if holder := sample.role("employee"):
        return PartyRule("employee", holder.name, own, keys(sample, "employee"))
    account = own_account(sample) if card else None
    kind = "account" if card else "department"
    return PartyRule(kind, account.name if account else None, own)


def _processor(sample: Sample, own: str, money: Money, choices: Choices) -> Book:
    people = (sample.role("customer"), sample.role("email"))
    names = [column for column in people if column and not is_holder(column)][:1]
    texts = [c for c in descriptions(sample) if c not in names and typeness(c) < 0.5]
    first = names[0] if names else (texts[0] if texts else None)
    rest = [c for c in texts if c is not first]
    payer = PartyRule(
        "customer",
        first.name if first else None,
        "Customers",
        keys(sample, "customer"),
        or_else=tuple(c.name for c in rest)[:1],
    )
    title, ours = "a payment processor: customers pay us", PartyRule("account", None, own)
    guessed = Book(title, "sales", payer, ours, received_by_us(money))
    if choices.direction:
        pays = choices.direction == "in"
        return replace(guessed, positive="payer_pays" if pays else "payer_receives")
    return guessed
