"""Decides whether a debit is money in, as in a ledger's account, or money out, as in a bank's
statement."""

import re
from dataclasses import replace
from decimal import Decimal

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.amount_columns import Money
from graph.ingest.guessing.direction import agreement, says
from graph.ingest.guessing.header import GuessError
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.vocabulary import LEDGER, MONEY_ACCOUNT, PARTY_LEDGER

_NUMBER = re.compile(r"[0-9]{3,9}")


def debits(sample: Sample, money: Money, choices: Choices) -> tuple[Money, tuple[Doubt, ...]]:
    """Return the money columns with their true direction, and the doubts about it.

    In a ledger, debits are money in for an account that holds money. Debits also increase an
    expense account, so a growing balance proves nothing without the account's name. Raises
    GuessError for the account of one supplier or customer, because no row of it names the party.
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
    if sample.role("balance") is None and (sample.speaks_of(LEDGER) or _is_coded(sample)):
        text = (
            f"it is an account of a ledger: nothing says whether {titles[0]!r} is money out, as a "
            "bank writes it"
        )
        return money, (Doubt("direction", text, "--direction", ("out", "in"), 0.5, blocking=True),)
    return money, ()


def _is_coded(sample: Sample) -> bool:
    """Return whether the account and its contra account are numbers of a chart of accounts."""
    account, contra = sample.role("account"), sample.role("ledger_account")
    return bool(account and contra) and all(
        column is not None and column.share(_NUMBER.fullmatch) == 1 for column in (account, contra)
    )


def _is_said(sample: Sample, money: Money) -> bool:
    """Return whether a column of words ("Spend Money", "Receive Money") agrees with the signs of
    all rows."""
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
