"""Checks that auditors run over books. Each has a name, by which it can be selected, and a source.

They follow M. Nigrini, "Forensic Analytics", 2nd ed. (2020): amounts just below a limit (ch. 10),
round amounts (ch. 9), first digits (ch. 5; a mean absolute deviation above .015 is nonconformity),
days on which nobody works, new payees, and changed payment details. Pure functions on columns.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy  # it imports scipy.stats when that is first used
from numpy.typing import NDArray

from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes, groups
from graph.enrich.columns.payments import UNIT, Ints, Payments, Texts
from graph.enrich.series.closing_days import are_closed

Floats = NDArray[np.float64]

NEAR_LIMIT, DAYS = 0.5, 7  # of the limit, that each part is at least; days between the parts
ROUND = 100 * UNIT  # a round amount is a multiple of this
UNLIKELY = 1e-5  # probability below which this many round amounts are no chance
FEWEST = 5  # least payments of a party whose shares say something
SELDOM = 0.02  # largest share of a source's rows on closed days; with more, it works on them
SETTLING = 180  # days of books after which a party is new
LARGE = 0.99  # share of its source's payments that are smaller
KNOWN = 3  # payments to an account before another one is a change
MANY, NONCONFORMITY = 500, 0.015  # payments of a department; mean absolute deviation of digits
BENFORD = np.log10(1 + 1 / np.arange(1, 10))


@dataclass(frozen=True, slots=True)
class Books:
    """The payments, the bank account that each row states ("" for none), and the approval limits in
    1/10,000 of the currency's unit."""

    payments: Payments
    accounts: Texts
    limits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to look at payments: the check's name, the row numbers (`places`) of the payments,
    a sentence that says why, and the numbers behind it."""

    check: str
    places: list[int]
    why: str
    evidence: dict[str, Any] = field(default_factory=dict)


def run(books: Books, names: list[str] | None = None) -> list[Finding]:
    """Return the findings of the checks with these names, or of all checks for None, in the order
    of the names.

    Raises KeyError for an unknown name.
    """
    if not len(books.payments):
        return []
    chosen = CHECKS if names is None else {name: CHECKS[name] for name in names}
    return [finding for check in chosen.values() for finding in check(books)]


def split_below_limit(books: Books) -> Iterator[Finding]:
    """Yield payments to one party within DAYS days that are each just below an approval limit and
    together reach it."""
    payments = books.payments
    for limit in books.limits:
        part = (
            (payments.amount < limit)
            & (payments.amount >= NEAR_LIMIT * limit)
            & _is_paid_by_us(books)
        )
        for some in groups(_account(payments), np.flatnonzero(part)):
            yield from _split(payments, some, limit)


def _split(payments: Payments, some: Ints, limit: int) -> Iterator[Finding]:
    """Yield a finding for each run of payments that spans at most DAYS days and whose sum reaches
    the limit.

    `some` are the row numbers of one party's payments, ordered by day; `limit` is in 1/10,000 of
    the currency's unit.
    """
    start = 0
    for at in range(1, len(some) + 1):
        if at < len(some) and payments.day[some[at]] - payments.day[some[start]] <= DAYS:
            continue
        rows = some[start:at].tolist()
        total = int(payments.amount[rows].sum())
        if len(rows) > 1 and total >= limit:
            why = f"{len(rows)} payments below {limit / UNIT:,.2f} make {total / UNIT:,.2f}"
            evidence = {"limit": limit / UNIT, "sum": total / UNIT, "days": DAYS}
            yield Finding("split_below_limit", rows, why, evidence)
        start = at


def round_amounts(books: Books) -> Iterator[Finding]:
    """Yield parties that are paid round amounts far more often than is usual in their source."""
    payments = books.payments
    is_round = payments.amount % ROUND == 0
    source = codes(payments.source)
    usual = np.bincount(source, weights=is_round) / np.bincount(source)
    for some in groups(_account(payments), np.flatnonzero(_is_paid_by_us(books)), least=FEWEST):
        count, expected = int(is_round[some].sum()), float(usual[source[some[0]]])
        if (
            count > 1
            and scipy.stats.binom.sf(count - 1, len(some), max(expected, 0.001)) < UNLIKELY
        ):
            why = f"{count} of {len(some)} amounts are round, of all {expected:.0%}"
            evidence = {"round": count, "payments": len(some), "usual": round(expected, 4)}
            yield Finding("round_amounts", some[is_round[some]].tolist(), why, evidence)


def closed_days(books: Books) -> Iterator[Finding]:
    """Yield the rows on weekends and bank holidays of each source that hardly ever has any."""
    payments = books.payments
    dated = ~np.isin(payments.precision.astype(str), ("month", "quarter"))
    closed = are_closed(payments.day) & dated
    for some in groups(codes(payments.source), np.arange(len(payments)), least=MANY):
        share = float(closed[some].mean())
        if 0 < share <= SELDOM:
            why = f"{share:.2%} of the source's rows are of days on which banks are closed"
            yield Finding("closed_days", some[closed[some]].tolist(), why, {"share": share})


def new_party(books: Books) -> Iterator[Finding]:
    """Yield first payments to a party that are larger than nearly all payments of the source."""
    payments, out = books.payments, _is_paid_by_us(books)
    for some in groups(codes(payments.source, payments.currency), np.flatnonzero(out), least=MANY):
        large = float(np.quantile(payments.amount[some], LARGE))
        party = sides(payments).party[some]
        _, first = np.unique(party, return_index=True)
        settled = payments.day[some[first]] - payments.day[some[0]] >= SETTLING
        for at in some[first[settled]].tolist():
            if payments.amount[at] >= large:
                why = f"a first payment, larger than {LARGE:.0%} of its source's"
                yield Finding("new_party", [at], why, {"large": large / UNIT})


def changed_account(books: Books) -> Iterator[Finding]:
    """Yield the first payment to a party's new bank account, after several payments to its old
    one."""
    payments, accounts = books.payments, books.accounts
    stated = np.flatnonzero((accounts != "") & _is_paid_by_us(books))
    for some in groups(sides(payments).party, stated, least=KNOWN + 1):
        own = accounts[some]
        turn = int(np.flatnonzero(own != own[0])[0]) if (own != own[0]).any() else 0
        if turn >= KNOWN and own[0] not in set(own[turn:]):
            why = f"after {turn} payments to {own[0]} the first to {own[turn]}"
            evidence = {"before": own[0], "after": own[turn], "payments_before": turn}
            yield Finding("changed_account", [int(some[turn])], why, evidence)


def employee_supplier(books: Books) -> Iterator[Finding]:
    """Yield the rows of each bank account that both an employee and a supplier have."""
    payments, accounts = books.payments, books.accounts
    party = sides(payments).party
    kinds = payments.entities.kind[party].astype(str)
    for some in groups(codes(accounts), np.flatnonzero(accounts != "")):
        if {"employee", "vendor"} <= set(kinds[some]):
            names = sorted({str(payments.entities.name[party[at]]) for at in some.tolist()})
            why = f"{' and '.join(names)} have one bank account, {accounts[some[0]]}"
            yield Finding("employee_supplier", some.tolist(), why, {"names": names})


def first_digits(books: Books) -> Iterator[Finding]:
    """Yield the tenant's own parties whose payments have first digits that deviate from Benford's
    law.

    The finding is a note only and names no payments.
    """
    payments = books.payments
    usable = np.flatnonzero(_is_paid_by_us(books) & (payments.amount >= 10 * UNIT))
    for some in groups(sides(payments).own, usable, least=MANY):
        amount = payments.amount[some].astype(np.float64)
        digits = (amount / 10 ** np.floor(np.log10(amount))).astype(np.int64)
        shares = np.bincount(digits, minlength=10)[1:] / len(some)
        deviation = float(np.abs(shares - BENFORD).mean())
        if deviation > NONCONFORMITY and np.log10(amount.max() / amount.min()) >= 2:
            name = payments.entities.name[sides(payments).own[some[0]]]
            why = f"{name}: first digits deviate by {deviation:.3f} on average; that is a note only"
            evidence = {"deviation": round(deviation, 4), "shares": shares.round(4).tolist()}
            yield Finding("first_digits", [], why, evidence)


def _account(payments: Payments) -> Ints:
    return codes(payments.source, payments.currency, sides(payments).party)


def _is_paid_by_us(books: Books) -> NDArray[np.bool_]:
    """Return one boolean per payment: whether one of the tenant's own parties pays, and the amount
    is not zero."""
    return np.asarray(sides(books.payments).outgoing & (books.payments.amount > 0), dtype=bool)


CHECKS: dict[str, Callable[[Books], Iterator[Finding]]] = {
    check.__name__: check
    for check in (
        split_below_limit,
        round_amounts,
        closed_days,
        new_party,
        changed_account,
        employee_supplier,
        first_digits,
    )
}
