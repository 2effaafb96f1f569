"""What kind of book a sample is, and so who pays whom in it."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.choices import Choices
from graph.ingest.guessing.direction import Direction, direction_of, says
from graph.ingest.guessing.header import GuessError, MissingError
from graph.ingest.guessing.money import Money, amount_columns
from graph.ingest.guessing.parties import (
    PARTY,
    account_above,
    account_keys,
    constant_side,
    descriptions,
    keys,
    others_of,
    own_account,
)
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.roles import typeness
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.vocabulary import plain
from graph.ingest.mapping import PartyRule

_CARD = frozenset(
    [
        "card",
        "cardholder",
        "cardmember",
        "mcc",
        "kreditkarte",
        "karteninhaber",
        "kartennummer",
        "kaart",
        "kaarthouder",
        "kaartnummer",
        "tarjeta",
        "carte",
        "carta",
        "cartao",
        "karta",
        "karty",
        "kort",
        "kortnummer",
        "kortholder",
        "kortinnehavare",
        "kortti",
        "カード",
    ]
)
_BILLS = frozenset(
    [
        "bill",
        "bills",
        "purchase",
        "purchases",
        "payable",
        "payables",
        "supplier",
        "suppliers",
        "creditor",
        "creditors",
        "expense",
        "expenses",
        "input",
        "kreditoren",
        "fournisseurs",
        "achats",
    ]
)
_INVOICES = frozenset(
    [
        "sales",
        "receivable",
        "receivables",
        "customer",
        "customers",
        "debtor",
        "debtors",
        "income",
        "revenue",
        "output",
        "debitoren",
        "ventes",
        "clients",
    ]
)
SURE, STATED = 0.75, 0.95  # below: nothing is imported; below: it is said


@dataclass(frozen=True)
class Book:
    """`positive` as in a mapping; `words` the direction column's (paid, received), if it decides."""

    title: str
    platform: str
    payer: PartyRule
    payee: PartyRule
    money: Money
    records: str = "payment"
    positive: str = "payer_pays"
    direction: Column | None = None
    words: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    confidence: float = 1.0
    doubts: tuple[Doubt, ...] = ()
    why: tuple[str, ...] = field(default=())


def book(sample: Sample, own: str, choices: Choices) -> Book:
    """The sample's kind. `own` names our side where no column does. Raises GuessError."""
    money = amount_columns(sample, choices.amount)
    _refuse_journal(sample)
    made = _kind(sample, own, money, choices)
    return replace(made, records=choices.records) if choices.records else made


def _kind(sample: Sample, own: str, money: Money, choices: Choices) -> Book:
    role = sample.role
    if donor := role("donor"):
        return _donations(sample, donor, own, money)
    if _is_processor(sample):
        return _processor(sample, own, money, choices)
    card, vendor = is_card(sample), role("vendor") or role("payee")
    employee, customer = role("employee"), role("customer")
    if _is_invoices(sample):
        return _invoices(sample, own, money, choices)
    if _is_account(sample, money):
        return _account(sample, own, money, choices, card=card)
    if employee and not card:
        return _claims(sample, employee, vendor, own, money)
    if vendor and not (card and employee is None and money.signed):
        return _spending(sample, vendor, own, money, choices, card=card)
    if customer and not card:
        return _sales(sample, customer, own, money)
    return _account(sample, own, money, choices, card=card)


def is_card(sample: Sample) -> bool:
    """A card's titles, and no running balance: banks name cards beside their balance, too."""
    if sample.role("balance"):
        return False
    titles = (plain(column.title) for column in sample.columns)
    return bool(sample.title_words & _CARD) or any("merchant category" in t for t in titles)


def _refuse_journal(sample: Sample) -> None:
    """Postings of one transaction on several rows that sum to zero are no payments row by row."""
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


def _is_processor(sample: Sample) -> bool:
    """Money of customers, less a fee, through somebody who collects it."""
    role = sample.role
    named = any(role(party) for party in ("payee", "payer", "counterparty", "vendor", "employee"))
    fee = role("fee") is not None
    people = role("customer") is not None or role("email") is not None
    payouts = bool(sample.title_words & {"payout", "charge", "captured", "refunded", "checkout"})
    nets = fee and role("net") is not None and (role("amount") or role("gross"))
    return bool(not named and fee and (people or payouts or nets) and not role("balance"))


def _is_invoices(sample: Sample) -> bool:
    role = sample.role
    if role("balance") or (role("debit") and role("credit")):
        return False
    titles = " ".join(column.title.casefold() for column in sample.columns)
    numbered = role("document") is not None and any(
        word in titles
        for word in (
            "invoice",
            "bill",
            "rechnung",
            "facture",
            "factura",
            "fattura",
            "factuur",
            "fatura",
            "faktur",
            "lasku",
            "請求書",
            "beleg",
        )
    )
    party = role("vendor") or role("customer") or role("counterparty")
    if is_card(sample) or role("employee") or (role("department") and not role("due")):
        return False
    coded = role("supplier_id") is not None or role("customer_id") is not None
    return bool(party) and (role("due") is not None or (numbered and (coded or not _paid(sample))))


def _paid(sample: Sample) -> bool:
    """A date that says it is a payment's: then the row is a payment, whatever its number."""
    date = sample.role("date")
    return bool(
        date and set(date.name.split("_")) & {"payment", "paid", "zahlung", "paiement", "pago"}
    )


def _is_account(sample: Sample, money: Money) -> bool:
    """A running balance, money out beside money in, or signs that show which way money went."""
    role = sample.role
    if role("balance") or money.debit:
        return role("department") is None
    if role("department") or role("employee"):
        return False
    if role("payer") and role("payee"):
        return True
    if role("direction") and not money.signed:
        return True
    if role("party_account") or (role("account") and money.signed):
        return True
    negative = money.column.negative / max(1, len(money.column.values)) if money.column else 0
    only_texts = not role("vendor") and not role("customer")
    return negative >= 0.3 or (only_texts and not role("payee"))


def _donations(sample: Sample, donor: Column, own: str, money: Money) -> Book:
    cause = sample.role("project")
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
        return Book(title, "claims", payer, payee, money, "claim")
    department = sample.role("department")
    ours = PartyRule("department", department.name if department else None, own)
    title = "expense claims: we pay the employee"
    return Book(title, "claims", ours, payer, money, "claim")


def _sales(sample: Sample, customer: Column, own: str, money: Money) -> Book:
    payer = PartyRule("customer", customer.name, None, keys(sample, "customer"))
    ours = PartyRule("account", None, own)
    return Book("sales: the customer pays us", "sales", payer, ours, money)


def _spending(
    sample: Sample, vendor: Column, own: str, money: Money, choices: Choices, *, card: bool
) -> Book:
    payee = PartyRule("vendor", vendor.name, None, keys(sample, "vendor"))
    title = "a card feed: we pay the merchant" if card else "spending: a department pays the vendor"
    payer = _spender(sample, own, card)
    made = Book(title, "card" if card else "ledger", payer, payee, money)
    if money.column is None or not (money.signed or choices.direction):
        return made
    if choices.direction:
        comes_in = choices.direction == "in"
        return replace(made, positive="payer_receives" if comes_in else "payer_pays")
    share = money.column.negative / max(1, len(money.column.values))
    if share < 0.3:
        return made  # a few refunds
    way = direction_of(sample, money.column, [vendor, *descriptions(sample)], card=True)
    return _directed(made, way)


def _spender(sample: Sample, own: str, card: bool) -> PartyRule:
    if department := sample.role("department"):
        return PartyRule("department", department.name, own)
    if holder := sample.role("employee"):
        return PartyRule("employee", holder.name, own, keys(sample, "employee"))
    account = own_account(sample) if card else None
    kind = "account" if card else "department"
    return PartyRule(kind, account.name if account else None, own)


def _processor(sample: Sample, own: str, money: Money, choices: Choices) -> Book:
    customer = sample.role("customer") or sample.role("email")
    names = [customer] if customer else []
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
    made = Book(
        "a payment processor: customers pay us", "sales", payer, PartyRule("account", None, own), money,
        "payment",
    )  # fmt: skip
    if choices.direction:
        pays = choices.direction == "in"
        return replace(made, positive="payer_pays" if pays else "payer_receives")
    return made


def _invoices(sample: Sample, own: str, money: Money, choices: Choices) -> Book:
    """Bills that we owe or invoices that we are owed: the other side is a vendor or a customer."""
    role = sample.role
    vendor, customer = role("vendor") or role("payee"), role("customer") or role("payer")
    party = vendor or customer or role("counterparty")
    assert party is not None  # noqa: S101 - _is_invoices has seen to it
    coded = role("direction")
    if coded and not money.signed:
        paid, received = says(sample, coded)
        payee = PartyRule("vendor", party.name, None, keys(sample, "vendor"))
        ours = PartyRule("account", None, own)
        title = "bills and invoices: a column says which"
        return Book(
            title, "ledger", ours, payee, money, "obligation", "payer_pays", coded, (paid, received)
        )
    owed, confidence = _owed_by_us(sample, vendor, customer)
    if choices.direction:
        owed, confidence = choices.direction == "out", 1.0
    doubts = ()
    if confidence < STATED:
        what = "bills that we pay" if owed else "invoices that we are paid"
        doubts = (
            Doubt(
                "direction",
                f"no column says whether {party.title!r} is a supplier or a customer: read as {what}",
                "--direction",
                ("out", "in") if owed else ("in", "out"),
                confidence,
                confidence < SURE,
            ),
        )
    ours = PartyRule("account", None, own)
    if owed:
        payee = PartyRule("vendor", party.name, None, keys(sample, "vendor"))
        title = "payables: we owe the supplier"
        return Book(
            title, "ledger", ours, payee, money, "obligation", confidence=confidence, doubts=doubts
        )
    payer = PartyRule("customer", party.name, None, keys(sample, "customer"))
    title = "receivables: the customer owes us"
    return Book(
        title, "sales", payer, ours, money, "obligation", confidence=confidence, doubts=doubts
    )


def _owed_by_us(
    sample: Sample, vendor: Column | None, customer: Column | None
) -> tuple[bool, float]:
    votes = 0.0
    if vendor:
        votes += 4
    title = customer.name if customer else ""
    if customer and not set(title.split("_")) & {"contact", "contactname", "company", "name"}:
        votes -= 4
    texts = {
        word
        for column in sample.columns
        if column.distinct <= 20
        for value in set(column.values)
        for word in value.casefold().replace("(", " ").replace(")", " ").split()
    }
    votes += 2 * bool(texts & _BILLS) - 2 * bool(texts & _INVOICES)
    votes += 2 * bool(sample.file_words & _BILLS) - 2 * bool(
        sample.file_words & (_INVOICES | {"invoices"})
    )
    votes += 2 * bool(sample.title_words & _BILLS) - 2 * bool(sample.title_words & _INVOICES)
    votes += 1.0 if sample.role("supplier_id") else 0.0
    confidence = 1 / (1 + 2.718281828 ** -abs(votes))
    return votes > 0, confidence


def _account(sample: Sample, own: str, money: Money, choices: Choices, *, card: bool) -> Book:
    others = others_of(sample)
    account = own_account(sample)
    holder = sample.role("employee") if card and account is None else None
    constant, is_sure = constant_side(sample)
    name = account_above(sample.above) or (constant if is_sure and account is None else "") or own
    payer = PartyRule(
        "account", account.name if account else None, name, account_keys(sample, account)
    )
    if holder and holder.distinct == 1 and account is None:
        payer = replace(payer, default=name)
    if not others.paid and not others.received:
        raise MissingError("party", PARTY)
    paid, received = others.paid or others.received, others.received or others.paid
    payee = PartyRule(
        "vendor",
        paid[0].name,
        "Unknown" if min(paid[0].filled, received[0].filled) < 1 else None,
        keys(sample, "party"),
        or_else=tuple(column.name for column in paid[1:]),
        received=() if paid == received else tuple(column.name for column in received),
    )
    title = (
        "a card: we pay the merchant" if card else "a bank statement: our account pays or is paid"
    )
    made = Book(title, "card" if card else "bank", payer, payee, money)
    if not others.named:
        text = f"no column names the other side; {paid[0].title!r} stands for it"
        doubt = Doubt("payee", text, "--payee", (paid[0].title,), 0.85)
        made = replace(made, doubts=(doubt,))
    return _with_direction(sample, made, choices, [*others.paid, *descriptions(sample)], card)


def _with_direction(
    sample: Sample, made: Book, choices: Choices, texts: list[Column], card: bool
) -> Book:
    money, coded = made.money, sample.role("direction")
    if choices.direction:
        comes_in = choices.direction == "in"
        return replace(made, positive="payer_receives" if comes_in else "payer_pays")
    if money.column is None:
        return made
    if money.endings[0] or money.endings[1]:
        return replace(made, words=money.endings)
    if coded and not money.signed:
        paid, received = says(sample, coded)
        if paid or received:
            return replace(made, direction=coded, words=(paid, received))
    way = direction_of(sample, money.column, texts, card=card, prior=_prior(sample, made))
    return _directed(made, way)


def _prior(sample: Sample, made: Book) -> float:
    """Our own name on the paying side of the rows below zero, or above."""
    constant, _ = constant_side(sample)
    payer, column = sample.role("payer"), made.money.column
    if not constant or payer is None or column is None:
        return 0.0
    pairs = zip(sample.table, sample.amounts(column), strict=True)
    signs = [amount > 0 for row, amount in pairs if amount and row[payer.at] == constant]
    if not signs or len(set(signs)) > 1:
        return 0.0
    return -6.0 if signs[0] else 6.0


def _directed(made: Book, way: Direction) -> Book:
    """The book with its direction, and a doubt where that is not sure."""
    positive = "payer_receives" if way.comes_in else "payer_pays"
    made = replace(made, positive=positive, confidence=way.confidence, why=way.why)
    if way.confidence >= STATED:
        return made
    column = made.money.column
    assert column is not None  # noqa: S101 - only one column has a direction to ask for
    if column.signed:
        said = "money in" if way.comes_in else "money out"
        text = f"nothing proves what the sign of {column.title!r} means: a positive amount is read as {said}"
    else:
        said = "received" if way.comes_in else "paid"
        text = f"every amount is positive: all are read as money {said}"
    values = ("in", "out") if way.comes_in else ("out", "in")
    doubt = Doubt("direction", text, "--direction", values, way.confidence, way.confidence < SURE)
    return replace(made, doubts=(*made.doubts, doubt))
