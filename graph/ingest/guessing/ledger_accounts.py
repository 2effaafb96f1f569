"""Accounts of a ledger: whether a debit is money in, which a bank writes the other way round."""

from dataclasses import replace
from decimal import Decimal

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.amount_columns import Money
from graph.ingest.guessing.direction import agreement, says
from graph.ingest.guessing.header import GuessError
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.vocabulary import LEDGER, MONEY_ACCOUNT, PARTY_LEDGER


def debits(sample: Sample, money: Money, choices: Choices) -> tuple[Money, tuple[Doubt, ...]]:
    """The money with its sides as they are meant, and what is open about them.

    An account of a ledger takes money in by its debits where it holds money; an expense's account
    grows by them as well, and so a growing balance proves nothing without the account's name.
    Raises GuessError for one supplier's or customer's account: no row of it names the party.
    """
    if money.debit is None or money.credit is None:
        return money, ()
    if sample.speaks_of(PARTY_LEDGER):
        raise GuessError(
            "it is one supplier's or customer's account of a ledger, and no row names that party; "
            "export the list of invoices, or write a mapping (docs/formats.md)"
        )
    titles = (money.debit.title, money.credit.title)
    if choices.direction:
        wanted = choices.direction == "in"
        return (money if money.swapped == wanted else _swapped(money)), ()
    if money.swapped:
        text = f"the balance grows by {money.credit.title!r}: it is read as money that comes in"
        sure = sample.speaks_of(MONEY_ACCOUNT) or _is_said(sample, money)
        doubt = Doubt(
            "direction", text, "--direction", ("in", "out"), 0.9 if sure else 0.5, not sure
        )
        return money, (doubt,)
    if sample.role("balance") is None and sample.speaks_of(LEDGER):
        text = (
            f"it is an account of a ledger: nothing says whether {titles[0]!r} is money out, as a "
            "bank writes it"
        )
        return money, (Doubt("direction", text, "--direction", ("out", "in"), 0.5, blocking=True),)
    return money, ()


def _is_said(sample: Sample, money: Money) -> bool:
    """Whether a column of words ("Spend Money", "Receive Money") says of each row what it is."""
    sides = [sample.amounts(column) for column in (money.credit, money.debit) if column]
    amounts = [(come or Decimal(0)) - (go or Decimal(0)) for come, go in zip(*sides, strict=True)]
    for column in sample.columns:
        paid, received = says(sample, column) if column.distinct <= 12 else ((), ())
        agree, differ = agreement(sample, column, amounts) if paid and received else (0, 0)
        if agree > 0 == differ:
            return True
    return False


def _swapped(money: Money) -> Money:
    return replace(money, debit=money.credit, credit=money.debit, swapped=not money.swapped)
