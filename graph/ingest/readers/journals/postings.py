"""Reads a journal transaction's postings: their amounts, the omitted one, and who pays whom."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from graph.ingest.ledger_rows import Party, Records
from graph.ingest.parse_cells import money
from graph.ingest.readers.checked import RefusedError

_ASSETS = re.compile(
    r"(?:assets?|liabilit(?:y|ies)|bank|cash|aktiva|passiva|actifs?|passifs?)(?::|$)", re.IGNORECASE
)
_OWED = re.compile(
    r"(?:receivables?|payables?|debtors|creditors|debitoren|kreditoren)", re.IGNORECASE
)
_EQUITY = re.compile(r"(?:equity|eigenkapital)(?::|$)", re.IGNORECASE)
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_NUMBER = r"[-+]?\s*[0-9][0-9.,' ]*[0-9]|[-+]?\s*[0-9]"
_UNIT = r"[A-Z][A-Z0-9'._-]{0,22}|[$€£¥₹]|[a-z]{3}"
_AMOUNT = re.compile(
    rf"(?:(?P<minus>-)?\s*(?P<before>{_UNIT})\s*(?P<number>{_NUMBER})|(?P<plain>{_NUMBER})\s*(?P<after>{_UNIT})?)"
)
_PRICE = re.compile(r"\s*(?:\{\{?[^}]*\}\}?\s*)?(?P<kind>@@?)\s*(?P<price>.*)")
_COST = re.compile(r"\{\{?[^}]*\}\}?")
_BEAN_ACCOUNT = re.compile(
    r"(?:[*!]\s+)?(?P<account>[^\W\d_][\w-]*(?::[\w][\w-]*)+)\s*(?P<rest>.*)"
)
_META = re.compile(r"[a-z][\w-]*:(?:\s|$)|[#^]\S")


@dataclass(frozen=True, slots=True)
class Posting:
    """A posting. `amount` in `currency` is its weight: its amount, or if it has a price, the amount
    at the price."""

    line: int
    account: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One payment of a transaction, between a money account and another account (`account`)."""

    line: int
    payer: Party
    payee: Party
    amount: Decimal
    currency: str
    account: str
    records: Records


def read(lines: list[tuple[int, str]], is_beancount: bool) -> list[Posting]:
    """Return the postings of the lines. One amount may be omitted.

    Raises RefusedError if they do not balance.
    """
    weighted: list[tuple[int, str, tuple[Decimal, str] | None]] = []
    for line, text in lines:
        plain = _without_comment(text)
        if not plain or (is_beancount and _META.match(plain)):
            continue
        account, rest = _split(plain, is_beancount)
        if account.startswith(("(", "[")) or account in {"<", ""}:
            continue  # virtual postings move no money
        weighted.append((line, account, _weight(rest) if rest else None))
    return _balanced(weighted)


def _without_comment(text: str) -> str:
    return re.split(r"(?:^|\s);", text, maxsplit=1)[0].strip()


def _split(text: str, is_beancount: bool) -> tuple[str, str]:
    if is_beancount:
        match = _BEAN_ACCOUNT.fullmatch(text)
        if match is None:
            raise RefusedError("account", f"{text[:60]!r} is not a posting")
        return match["account"], match["rest"].strip()
    plain = re.sub(r"^[*!]\s+", "", text)
    account, *rest = re.split(r"\s{2,}|\t", plain, maxsplit=1)
    return account.strip(), rest[0].strip() if rest else ""


def _weight(text: str) -> tuple[Decimal, str]:
    """Return what a posting's amount weighs in the balance of its transaction: (amount, currency).

    An amount with a price, a total price or a cost is converted at that. Raises RefusedError for a
    balance assertion without an amount.
    """
    plain = re.split(r"\s*={1,2}\*?\s*", text, maxsplit=1)[0].strip()  # a balance assertion
    if not plain:
        raise RefusedError("amount", "a balance assertion without an amount")
    main = _COST.sub("", plain).strip()
    priced = _PRICE.search(plain)
    amount, unit = _amount(main.partition("@")[0].strip())
    if priced is None and "{" in plain:
        return _at_cost(amount, plain)
    if priced is None:
        return amount, unit
    price, currency = _amount(priced["price"].strip())
    total = price if priced["kind"] == "@@" else price * abs(amount)
    return (-abs(total) if amount < 0 else abs(total)).quantize(Decimal("0.01")), currency


def _at_cost(amount: Decimal, text: str) -> tuple[Decimal, str]:
    inside = text[text.index("{") :].strip("{} ").split(",")[0].split("}")[0].strip()
    if not inside:
        raise RefusedError("amount", "a lot without its cost")
    cost, currency = _amount(inside)
    return (amount * cost).quantize(Decimal("0.01")), currency


def _amount(text: str) -> tuple[Decimal, str]:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise RefusedError("amount", f"{text[:40]!r} is not an amount with a commodity")
    number = (match["number"] or match["plain"]).replace(" ", "")
    unit = match["before"] or match["after"] or ""
    if not unit:
        raise RefusedError("currency", f"{text[:40]!r} has no commodity")
    amount = _number(number)
    return (-amount if match["minus"] else amount), _SIGNS.get(unit, unit.upper())


def _number(text: str) -> Decimal:
    """Return the number in the text. The last mark is the decimal one, unless it is a single
    comma before exactly three digits."""
    comma, point = text.rfind(","), text.rfind(".")
    decimal = "," if comma > point and len(text) - comma - 1 != 3 else "."
    try:
        return money(text, decimal, "," if decimal == "." else ".")
    except ValueError as error:
        raise RefusedError("amount", str(error)) from error


def _balanced(weighted: list[tuple[int, str, tuple[Decimal, str] | None]]) -> list[Posting]:
    sums: dict[str, Decimal] = {}
    for _, _, weight in weighted:
        if weight is not None:
            sums[weight[1]] = sums.get(weight[1], Decimal(0)) + weight[0]
    open_sums = {currency: total for currency, total in sums.items() if total}
    missing = [at for at, (_, _, weight) in enumerate(weighted) if weight is None]
    if len(missing) > 1:
        raise RefusedError("amount", "more than one posting has no amount")
    if not missing and open_sums:
        off = ", ".join(f"{total} {currency}" for currency, total in open_sums.items())
        raise RefusedError("amount", f"the postings do not balance: {off}")
    postings = [Posting(line, account, *weight) for line, account, weight in weighted if weight]
    if missing:
        line, account, _ = weighted[missing[0]]
        postings += [Posting(line, account, -total, cur) for cur, total in open_sums.items()]
    return postings


def legs(postings: list[Posting], payee: str) -> Iterator[Leg]:
    """Yield the transaction's payments, currency by currency.

    With one money account there is a payment with each other account. Two postings are one payment
    between their accounts if both are money accounts or one is equity. With several money accounts
    and others, a clearing entity is between them.
    """
    currencies = dict.fromkeys(posting.currency for posting in postings)
    for currency in currencies:
        of_currency = [
            posting for posting in postings if posting.currency == currency and posting.amount
        ]
        own = [posting for posting in of_currency if _ASSETS.match(posting.account)]
        others = [posting for posting in of_currency if not _ASSETS.match(posting.account)]
        if len(of_currency) == 2 and any(_EQUITY.match(posting.account) for posting in others):
            # an opening balance, or a withdrawal of the owner's
            yield _between(of_currency[0], of_currency[1], payee)
        elif len(own) == 1 and others:
            yield from (_with_payee(own[0], other, payee) for other in others)
        elif len(of_currency) == 2:
            yield _between(of_currency[0], of_currency[1], payee)
        else:
            yield from (_through_clearing(posting, payee) for posting in of_currency)


def _account(name: str) -> Party:
    return Party("account", name)


def _with_payee(own: Posting, other: Posting, payee: str) -> Leg:
    """Return the payment between the money account and the payee.

    The payee gets what the other account gains, and pays what it loses.
    """
    party = Party("vendor", payee or other.account)
    records: Records = "obligation" if _OWED.search(own.account) else "payment"
    return Leg(other.line, _account(own.account), party, other.amount, other.currency,
               other.account, records)  # fmt: skip


def _between(first: Posting, second: Posting, payee: str) -> Leg:
    """Return the payment from the account that loses to the account that gains.

    If one of the two is an account of debts, the payee takes its place.
    """
    owed = [posting for posting in (first, second) if _OWED.search(posting.account)]
    if len(owed) == 1:
        leg = _with_payee(first if owed[0] is second else second, owed[0], payee)
        return replace(leg, records="payment")
    of, to = (first, second) if first.amount < 0 else (second, first)
    return Leg(of.line, _account(of.account), _account(to.account), to.amount, to.currency,
               to.account, "transfer")  # fmt: skip


def _through_clearing(posting: Posting, payee: str) -> Leg:
    clearing = Party("clearing", f"Clearing: {payee}" if payee else "Clearing")
    is_own = _ASSETS.match(posting.account) is not None
    party = _account(posting.account) if is_own else Party("vendor", payee or posting.account)
    return Leg(posting.line, clearing, party, posting.amount, posting.currency, posting.account,
               "payment")  # fmt: skip
