"""Recognises statements of the tenant's account or card, and guesses who pays whom in them."""

from dataclasses import replace

from graph.ingest.card_payments import names_card
from graph.ingest.doubts import Doubt
from graph.ingest.guessing.amount_columns import Money
from graph.ingest.guessing.book import Book, directed
from graph.ingest.guessing.direction import BY_BILL, direction_of, says
from graph.ingest.guessing.header import GuessError, MissingError
from graph.ingest.guessing.party_columns import (
    PARTY,
    account_above,
    account_keys,
    constant_side,
    descriptions,
    keys,
    names_nobody,
    others_of,
    own_account,
)
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.sample import Sample
from graph.ingest.mappings.mapping import PartyRule


def is_account(sample: Sample, money: Money) -> bool:
    """Return whether the sample is a statement of the tenant's account.

    Its columns decide: a running balance, debit and credit, a payer and a payee, a direction, the
    counterparty's account, or signs that show who pays. Columns for a department or an employee
    speak against it.
    """
    role = sample.role
    if role("balance") or money.debit:
        return role("department") is None
    if role("department") or role("employee") or role("employee_id"):
        return False
    if role("payer") and role("payee"):
        return True
    if role("direction") and not money.signed:
        return True
    if is_processor_account(sample) or role("party_account") or (role("account") and money.signed):
        return True
    negative = money.column.negative / max(1, len(money.column.values)) if money.column else 0
    only_texts = not role("vendor") and not role("customer")
    return negative >= 0.3 or (only_texts and not role("payee"))


def is_processor_account(sample: Sample) -> bool:
    """Return whether this is an account at a payment processor, by its columns.

    Such an account has names and e-mail addresses, pays as well, and takes fees of incoming
    payments.
    """
    return all(map(sample.role, ("counterparty", "fee", "net", "email")))


def account_book(sample: Sample, own: str, money: Money, choices: Choices, *, card: bool) -> Book:
    if between_accounts := _between_named(sample, money):
        return between_accounts
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
    customer = sample.role("customer")
    payee = PartyRule(
        "customer" if paid[0] is received[0] is customer else "vendor",
        paid[0].name,
        "Unknown" if min(paid[0].filled, received[0].filled) < 1 else None,
        keys(sample, "party"),
        or_else=tuple(column.name for column in paid[1:]),
        received=() if paid == received else tuple(column.name for column in received),
    )
    title = (
        "a card: we pay the merchant" if card else "a bank statement: our account pays or is paid"
    )
    book = Book(title, "card" if card else "bank", payer, payee, money)
    if not others.named:
        _refuse_groups(sample)
        text = f"no column names the other side; {paid[0].title!r} stands for it"
        kinds = names_nobody(paid[0]) and not choices.payee
        text += ", and it holds kinds of payments" if kinds else ""
        titles = tuple(column.title for column in descriptions(sample) if column is not paid[0])
        values = (paid[0].title, *titles[:1])
        doubt = Doubt("payee", text, "--payee", values, 0.5 if kinds else 0.85, kinds)
        book = replace(book, doubts=(doubt,))
    book = _with_direction(sample, book, choices, [*others.paid, *descriptions(sample)], card)
    return book if card else _perhaps_of_card(sample, book, name)


def _perhaps_of_card(sample: Sample, book: Book, account: str) -> Book:
    """Return the book as a card's, if its account is named as one, or if purchases are positive and
    payments of the bill are not: no bank states its rows so. A card has no running balance."""
    signs = book.positive == "payer_pays" and BY_BILL in book.why
    if sample.role("balance") or not (signs or names_card(account)):
        return book
    return replace(book, title="a card: we pay the merchant", platform="card")


def _refuse_groups(sample: Sample) -> None:
    """Raise GuessError for a report in groups, whose rows have the party in a row above them.

    Such a report has a nameless column that is filled in some rows without a date, and blank in all
    others.
    """
    date = sample.role("date")
    for column in sample.columns:
        headings = [row[column.at] for row in sample.table if row[column.at]]
        is_nameless = not column.title.strip() and column.texty
        if date is None or not is_nameless or len(headings) < 2:
            continue
        if all(bool(row[column.at]) != bool(row[date.at]) for row in sample.table):
            raise GuessError(
                f"it is a report in groups: {headings[0]!r} stands in a row above its rows; "
                "export the list without groups, or with the name in every row"
            )


def _between_named(sample: Sample, money: Money) -> Book | None:
    """Return a book in which the payer pays the payee, or None.

    It applies if each row names both parties and amounts have no sign.
    """
    payer, payee = sample.role("payer"), sample.role("payee")
    coded = sample.role("direction") or money.endings[0] or money.endings[1]
    if payer is None or payee is None or money.column is None or money.signed or coded:
        return None
    if min(payer.filled, payee.filled) < 1:
        return None
    own, is_sure = constant_side(sample)
    ours = (own,) if is_sure else ()
    book = Book(
        "payments between named parties: the payer pays the payee",
        "bank",
        PartyRule("vendor", payer.name, own=ours),
        PartyRule("vendor", payee.name, own=ours),
        money,
    )
    if is_sure:
        return book
    text = "no name stands in every row: which side is our own is not known"
    return replace(book, doubts=(Doubt("account", text, "", (), 0.8),))


def _with_direction(
    sample: Sample, book: Book, choices: Choices, texts: list[Column], card: bool
) -> Book:
    money, coded = book.money, sample.role("direction")
    if choices.direction:
        comes_in = choices.direction == "in"
        return replace(book, positive="payer_receives" if comes_in else "payer_pays")
    if money.column is None:
        return book
    if money.endings[0] or money.endings[1]:
        return replace(book, words=money.endings)
    if coded and not money.signed:
        paid, received = says(sample, coded)
        if paid or received:
            return replace(book, direction=coded, words=(paid, received))
    way = direction_of(sample, money.column, texts, card=card, prior=_prior(sample, book))
    return directed(book, way)


def _prior(sample: Sample, book: Book) -> float:
    """Return a weight for the assumption that positive amounts come in; 0 without evidence.

    An account at a processor mostly receives. Otherwise the weight follows from the signs of the
    rows whose payer is the tenant, if these signs are always the same.
    """
    if is_processor_account(sample):
        return 4.0  # of what comes in
    constant, _ = constant_side(sample, least=0.5)
    payer, column = sample.role("payer"), book.money.column
    if not constant or payer is None or column is None:
        return 0.0
    pairs = zip(sample.table, sample.amounts(column), strict=True)
    signs = [amount > 0 for row, amount in pairs if amount and row[payer.at] == constant]
    if not signs or len(set(signs)) > 1:
        return 0.0
    return -6.0 if signs[0] else 6.0
