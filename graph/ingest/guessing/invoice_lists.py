"""Recognises lists of invoices, and guesses whether the tenant owes or is owed them."""

from dataclasses import replace
from math import exp

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.amount_columns import Money, with_tax
from graph.ingest.guessing.book import STATED, SURE, Book
from graph.ingest.guessing.direction import says
from graph.ingest.guessing.party_columns import keys, names_anybody
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.title_scores import words
from graph.ingest.guessing.vocabulary import BILLS, INVOICES
from graph.ingest.mappings.column_names import squash
from graph.ingest.mappings.mapping import PartyRule, RecordsRule

# Sage's types of transactions. Bought: invoice, credit, payment, on account, refund; sold likewise;
# then what is paid and received by bank, in cash and by card.
_PAID_TYPES = frozenset(("PI", "SC", "PP", "PA", "SP", "BP", "CP", "VP"))
_RECEIVED_TYPES = frozenset(("PC", "PR", "SI", "SR", "SA", "BR", "CR", "VR"))
_OWED_TYPES = ("PI", "PC", "SI", "SC")
_ACCOUNT_NAMES = frozenset(("accountname", "acname", "name"))
_ACCOUNT_REFERENCES = frozenset(("acref", "accountref", "accountreference", "account", "ac"))


def types_of(sample: Sample) -> Column | None:
    """Return the column with the types of Sage's day books, or None."""
    for column in sample.columns:
        named = "type" in words(column.title).split("_")
        if named and column.values and set(column.values) <= _PAID_TYPES | _RECEIVED_TYPES:
            return column
    return None


def day_book(sample: Sample, types: Column, own: str, money: Money) -> Book | None:
    """Return the book of one of Sage's day books or audit trails, or None.

    Each row's type says who owes or pays whom.
    """
    references = [c for c in sample.columns if squash(c.title) in _ACCOUNT_REFERENCES]
    named = [c for c in sample.columns if squash(c.title) in _ACCOUNT_NAMES and c.values]
    named += [c for role in ("vendor", "customer", "counterparty") if (c := sample.role(role))]
    party = next(iter((*named, *references)), None)
    if party is None or money.column is None:
        return None
    taken_back = [row[types.at] in {"PC", "SC"} for row in sample.table]
    below = [amount is not None and amount < 0 for amount in sample.amounts(money.column)]
    if any(below) and below != taken_back:
        return None
    kinds = set(types.values)
    kind = "customer" if all(value.startswith("S") for value in kinds) else "vendor"
    owed = tuple((value.casefold(), "obligation") for value in _OWED_TYPES)
    keys_by = tuple((f"{kind}_id".replace("vendor", "supplier"), c.name) for c in references[:1])
    return Book(
        "a day book: each row's type says who owes whom",
        "ledger",
        PartyRule("account", None, own),
        PartyRule(kind, party.name, None, keys_by),
        replace(money, unsigned=(money.column,)) if any(below) else money,
        "obligation" if kinds <= set(_OWED_TYPES) else RecordsRule("payment", types.name, owed),
        direction=types,
        words=(_small(kinds & _PAID_TYPES), _small(kinds & _RECEIVED_TYPES)),
    )


def _small(values: set[str]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)


def is_invoices(sample: Sample, *, card: bool) -> bool:
    role = sample.role
    if role("balance") or (role("debit") and role("credit")):
        return False
    titles = " ".join(column.title.casefold() for column in sample.columns)
    is_bill = bool(sample.title_words & {"bill", "bills"})  # a billing amount is a card's
    numbered = role("document") is not None and any(
        word in titles or is_bill
        for word in (
            "invoice",
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
    if role("fee") and role("net"):
        return False  # a processor's statement of payments
    if card or role("employee") or (role("department") and not role("due")):
        return False
    coded = role("supplier_id") is not None or role("customer_id") is not None
    return bool(party) and (role("due") is not None or (numbered and (coded or not _paid(sample))))


def _paid(sample: Sample) -> bool:
    """Return whether a column has the date of a payment, by its title.

    The rows are then payments, even if they have invoice numbers.
    """
    date = sample.role("date")
    return bool(
        date and set(date.name.split("_")) & {"payment", "paid", "zahlung", "paiement", "pago"}
    )


def invoices(sample: Sample, own: str, money: Money, choices: Choices) -> Book:
    """Return the book of a list of invoices: to a customer, or from a vendor, whom the tenant
    owes."""
    role = sample.role
    vendor, customer = role("vendor") or role("payee"), role("customer") or role("payer")
    party = vendor or customer or role("counterparty")
    assert party is not None  # noqa: S101 - _is_invoices has seen to it
    money = money if choices.amount else with_tax(sample, money)
    coded = role("direction")
    if coded and not money.signed:
        paid, received = says(sample, coded)
        kind = "vendor" if party is vendor or paid else "customer"
        payee = PartyRule(kind, party.name, None, keys(sample, kind))
        ours = PartyRule("account", None, own)
        title = "bills and invoices: a column says which"
        return Book(
            title, "ledger", ours, payee, money, "obligation", "payer_pays", coded, (paid, received)
        )
    owed, confidence = _owed_by_us(sample, vendor, customer)
    if money.column and money.column.negative == len(money.column.values):
        confidence = min(confidence, 0.5)  # nobody lists credit notes alone: the sign may be ours
    if choices.direction:
        owed, confidence = choices.direction == "out", 1.0
    doubts = (_doubt(party, owed, confidence),) if confidence < STATED else ()
    book = _bills(sample, party, own, money) if owed else _receivables(sample, party, own, money)
    return replace(book, confidence=confidence, doubts=doubts)


def _doubt(party: Column, owed: bool, confidence: float) -> Doubt:
    what = "bills that we pay" if owed else "invoices that we are paid"
    return Doubt(
        "direction",
        f"no column says whether {party.title!r} is a supplier or a customer: read as {what}",
        "--direction",
        ("out", "in") if owed else ("in", "out"),
        confidence,
        confidence < SURE,
    )


def _bills(sample: Sample, party: Column, own: str, money: Money) -> Book:
    ours = PartyRule("account", None, own)
    payee = PartyRule("vendor", party.name, None, keys(sample, "vendor"))
    return Book("payables: we owe the supplier", "ledger", ours, payee, money, "obligation")


def _receivables(sample: Sample, party: Column, own: str, money: Money) -> Book:
    ours = PartyRule("account", None, own)
    payer = PartyRule("customer", party.name, None, keys(sample, "customer"))
    return Book("receivables: the customer owes us", "sales", payer, ours, money, "obligation")


def _owed_by_us(
    sample: Sample, vendor: Column | None, customer: Column | None
) -> tuple[bool, float]:
    votes = 0.0
    if vendor:
        votes += 4
    if customer and not names_anybody(customer):
        votes -= 4
    texts = {
        word
        for column in sample.columns
        if column.distinct <= 20
        for value in set(column.values)
        for word in value.casefold().replace("(", " ").replace(")", " ").split()
    }
    votes += 2 * bool(texts & BILLS) - 2 * bool(texts & INVOICES)
    votes += 2 * bool(sample.file_words & BILLS) - 2 * bool(sample.file_words & INVOICES)
    votes -= 1.0 if "invoices" in sample.file_words else 0.0  # suppliers' are called so, too
    votes += 2 * bool(sample.title_words & BILLS) - 2 * bool(sample.title_words & INVOICES)
    votes += 1.0 if sample.role("supplier_id") else 0.0
    confidence = 1 / (1 + exp(-abs(votes)))
    return votes > 0, confidence
