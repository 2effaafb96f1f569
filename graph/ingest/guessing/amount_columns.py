"""Finds the columns of a row's amount: one column, a debit and a credit, or a price times a
quantity."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from graph.ingest.guessing.direction import balance_moves
from graph.ingest.guessing.header import MissingError
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.roles import score
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.vocabulary import PAID, RECEIVED, plain

_ENDING = re.compile(r"([A-Za-z]{1,2})\.?$")


@dataclass(frozen=True)
class Money:
    """The columns of the amount: either `column` (with `times`), or `debit` and `credit`.

    `unsigned` are columns whose minus only repeats what the title says. `endings` are the words
    after the amounts that mean paid and received. `original` means that the amount is not in the
    account's own currency. `swapped` means that the balance grows by debits, so `debit` and
    `credit` have changed places.
    """

    column: Column | None = None
    debit: Column | None = None
    credit: Column | None = None
    times: Column | None = None
    unsigned: tuple[Column, ...] = ()
    endings: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    original: bool = False
    swapped: bool = False

    @property
    def signed(self) -> bool:
        return self.column is not None and self.column.signed

    @property
    def columns(self) -> list[Column]:
        return [c for c in (self.column, self.debit, self.credit) if c is not None]


def amount_columns(sample: Sample, forced: str = "") -> Money:
    """Return the columns of the row's amount. Raises MissingError if no column can be the
    amount."""
    if forced:
        column = next(c for c in sample.columns if c.name == forced)
        return Money(column=column, endings=_endings(column))
    single, original = _single(sample)
    sides = _sides(sample)
    if sides and not (single and _says_the_same(sample, single, sides)):
        debit, credit = sides
        unsigned = tuple(c for c in sides if c.values and c.negative == _amounts(c) > 0)
        swapped = _is_swapped(sample, debit, credit)
        if swapped:
            debit, credit = credit, debit
        return Money(debit=debit, credit=credit, unsigned=unsigned, swapped=swapped)
    if single:
        return Money(column=single, endings=_endings(single), original=original)
    price, quantity = sample.role("unit_price"), sample.role("quantity")
    if price:
        return Money(column=price, times=quantity)
    only = sample.role("debit") or sample.role("credit")
    if only and only.values:
        return Money(column=only, endings=_endings(only))
    raise MissingError("amount", "an amount (or a debit and a credit)")


def with_tax(sample: Sample, money: Money) -> Money:
    """Return `money` with the column of the amount that is owed, tax included.

    That column is the one whose cells equal net plus tax. If there is none, it is the column titled
    gross. `money` is returned unchanged if each row is a line of an invoice and repeats the
    invoice's total: the total would count once for each line.
    """
    net, tax = money.column, sample.role("tax")
    if net is None or money.times:
        return money
    totals = [sample.role("gross"), sample.role("amount"), *sample.columns]
    for total in totals:
        if total is None or total is net or not total.is_money or total.is_date:
            continue
        taxed = tax is not None and total is not tax and _is_sum(sample, total, net, tax)
        named = total is sample.role("gross") and net is sample.role("net")
        if (taxed or (named and _is_more(sample, total, net))) and not _repeats(sample, total, net):
            return replace(money, column=total)
    return money


def _is_sum(sample: Sample, total: Column, net: Column, tax: Column) -> bool:
    taxed = any(amount for amount in sample.amounts(tax))
    return taxed and _differs_by(sample, total, net, tax)


def _is_more(sample: Sample, total: Column, net: Column) -> bool:
    pairs = list(zip(sample.amounts(total), sample.amounts(net), strict=True))
    amounts = [(abs(whole), abs(part)) for whole, part in pairs if whole and part]
    return len(amounts) > 0 and all(whole >= part for whole, part in amounts)


def _repeats(sample: Sample, total: Column, net: Column) -> bool:
    """Return whether each row repeats the total of its invoice: the rows of some invoice have
    one total but different net amounts."""
    document = sample.role("document")
    if document is None or document.unique:
        return False
    totals: dict[str, set[tuple[str, str]]] = {}
    for row in sample.table:
        totals.setdefault(row[document.at], set()).add((row[total.at], row[net.at]))
    lines = [pairs for number, pairs in totals.items() if number and len(pairs) > 1]
    return any(len({whole for whole, _ in pairs}) == 1 for pairs in lines)


def received_by_us(money: Money) -> Money:
    """Return the columns as somebody who pays the tenant sees them: debit and credit change
    places."""
    return replace(money, debit=money.credit, credit=money.debit)


def rival_of(sample: Sample, money: Money) -> Column | None:
    """Return another column that could be the amount by its title and mostly has other values, or
    None."""
    amount_column = money.column
    roles = [role for role in ("amount", "gross") if sample.role(role) is amount_column]
    if amount_column is None or not roles:
        return None
    own = score(roles[0], amount_column)
    others = [owner for role, (owner, _) in sample.roles.items() if "gross" in roles]
    for column in sample.columns:
        is_other = column is amount_column or any(column is owner for owner in others)
        if is_other or score(roles[0], column) < max(0.6, 0.95 * own):
            continue
        pairs = zip(sample.amounts(amount_column), sample.amounts(column), strict=True)
        other = sum(one != two for one, two in pairs)
        if other * 2 > sample.rows:
            return column
    return None


def nameless_amounts(sample: Sample, chosen: Column) -> list[Column]:
    """Return the other columns of amounts with cents whose titles say nothing."""
    balance = sample.role("balance")
    return [
        column
        for column in sample.columns
        if column is not chosen
        and (balance is None or not sample.adds_up(column, chosen, balance))
        and score("amount", column) > 0
        and not sample.named_as_amount(column)
        and all(owner is not column for owner, _ in sample.roles.values())
    ]


def _amounts(column: Column) -> int:
    return round(column.money_share * len(column.values))


def _single(sample: Sample) -> tuple[Column | None, bool]:
    """Return the column with each row's whole amount, and whether it is in an original currency.

    That is the gross amount if gross less fee is net; else the net, the amount or the gross. It may
    be None.
    """
    role = sample.role
    amount, net, gross, fee = role("amount"), role("net"), role("gross"), role("fee")
    if gross and net and fee and _differs_by(sample, gross, net, fee):
        return gross, False
    if amount and net and fee and _differs_by(sample, amount, net, fee):
        return amount, False
    if amount and net and fee and _is_fuller(net, amount):
        return net, False  # what moved in every row, also where only a fee did
    if net and gross and _is_part(sample, gross, net):
        net = None
    if amount and gross and sample.confidence("amount") < sample.confidence("gross") - 0.05:
        amount = None
    if amount and net and role("tax") is None and fee is None and sample.confidence("net") < 0.6:
        net = None
    column = (None if fee else net) or amount or gross or net
    if column:
        return (fee and _whole_of(sample, column, fee)) or column, False
    return role("original_amount"), role("original_amount") is not None


def _is_fuller(net: Column, amount: Column) -> bool:
    return _amounts(net) > 1.2 * _amounts(amount)


def _is_part(sample: Sample, gross: Column, net: Column) -> bool:
    """Return whether the net is only a subtotal, because the total contains more than net and
    tax, such as postage."""
    tax = sample.role("tax")
    return "sub" in net.name and (tax is None or not _differs_by(sample, gross, net, tax))


def _whole_of(sample: Sample, rest: Column, fee: Column) -> Column | None:
    """Return the column that equals `rest` plus `fee` in every row with a fee, or None."""
    for column in sample.columns:
        if column is rest or column is fee or not column.is_money or column.is_date:
            continue
        amounts = map(sample.amounts, (column, fee, rest))
        rows = [
            abs(whole) - abs(by) == abs(left)
            for whole, by, left in zip(*amounts, strict=True)
            if whole is not None and left is not None and by
        ]
        if len(rows) > 2 and all(rows):
            return column
    return None


def _differs_by(sample: Sample, whole: Column, rest: Column, part: Column) -> bool:
    """Return whether `whole` less `part` equals `rest`, in most rows."""
    rows = [
        abs(a) - abs(b) == abs(c) or (a + c == b and (c < 0 or a < 0))
        for a, b, c in zip(*map(sample.amounts, (whole, rest, part)), strict=True)
        if a is not None and b is not None and c is not None
    ]
    return len(rows) > 0 and sum(rows) >= 0.8 * len(rows)


def _sides(sample: Sample) -> tuple[Column, Column] | None:
    debit, credit = sample.role("debit"), sample.role("credit")
    if debit is None or credit is None or not (debit.values or credit.values):
        return None
    both = [
        bool(d) and bool(c)
        for d, c in zip(sample.amounts(debit), sample.amounts(credit), strict=True)
    ]
    return None if sum(both) * 2 > len(both) else (debit, credit)


def _says_the_same(sample: Sample, single: Column, sides: tuple[Column, Column]) -> bool:
    """Return whether the single column repeats the amounts of the debit and the credit column, with
    a sign."""
    if not single.signed:
        return False
    debit, credit = (sample.amounts(column) for column in sides)
    rows = [
        abs(a) == abs(d or c or Decimal(0))
        for a, d, c in zip(sample.amounts(single), debit, credit, strict=True)
        if a is not None
    ]
    return len(rows) > 0 and all(rows)


def _is_swapped(sample: Sample, debit: Column, credit: Column) -> bool:
    """Return whether debits increase the balance, as in an account of a ledger."""

    amounts = [
        None if d is None and c is None else abs(c or Decimal(0)) - abs(d or Decimal(0))
        for d, c in zip(sample.amounts(debit), sample.amounts(credit), strict=True)
    ]
    grows, shrinks = balance_moves(sample, amounts)
    return shrinks > grows


def _endings(column: Column) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words at the ends of the amounts that mean paid, and those that mean received,
    such as 'Dr' in '1,200.00 Dr'."""
    words = {match[1].casefold() for value in column.values if (match := _ENDING.search(value))}
    if not words or not words <= {word for word in words if plain(word) in PAID | RECEIVED}:
        return frozenset(), frozenset()
    return (
        frozenset(word for word in words if plain(word) in PAID),
        frozenset(word for word in words if plain(word) in RECEIVED),
    )
