"""Compares a payment with the party's earlier payments.

Amounts are compared by the modified z-score of B. Iglewicz and D. Hoaglin, "How to detect and
handle outliers" (1993), with its bound of 3.5, on the logarithms of the amounts that the party was
paid.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.enrich.check.objection import Finding, money, row
from graph.enrich.columns import numbers
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import are, codes, groups
from graph.enrich.columns.name_similarity import core
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.columns.placeholders import is_placeholder
from graph.enrich.columns.records import money_moved
from graph.enrich.fraud import Stated

FEWEST = 5  # payments to a party from which its amounts show what is usual
BOUND, SCALE = 3.5, 0.6745
PRECISE = 0.01  # in log amounts; a smaller spread counts as this much
MORE = 1.5  # factor of the greatest amount that the party was ever paid
INVOICED = 0.5  # least share of a party's payments that name an invoice in the books
LATEST = 3  # earlier rows that are shown
NO_ROWS: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Usual:
    """The usual payment to a party in one currency.

    `median` and `spread` are those of the logarithms of the amounts. `greatest` is the greatest
    amount in 1/10,000 of the currency's unit, and `row` the row that has it.
    """

    median: float
    spread: float
    greatest: int
    row: int

    @classmethod
    def of(cls, amounts: Ints, rows: Ints) -> "_Usual":
        logs = np.log(amounts.astype(np.float64))
        median = _median(logs)
        spread = max(_median(np.abs(logs - median)), PRECISE)
        most = int(amounts.argmax())
        return cls(median, spread, int(amounts[most]), int(rows[most]))

    def score(self, amount: int) -> float:
        """Return the modified z-score of the amount: how many spreads its logarithm is away from
        the median."""
        return SCALE * abs(float(np.log(amount)) - self.median) / self.spread


@dataclass(frozen=True, slots=True)
class _Invoiced:
    """A party's payments, those of them that name one of its invoices, and the numbers of its
    invoices."""

    paying: list[int]
    naming: list[int]
    invoices: set[str]


class Past:
    """The earlier payments to the parties of the rows `judged`, with which those rows are
    compared."""

    def __init__(self, payments: Payments, stated: Stated, judged: Ints) -> None:
        self.payments, self.stated, self.side = payments, stated, sides(payments)
        past = np.ones(len(payments), dtype=bool)
        past[judged] = False
        self._past = past
        self._paid = past & (payments.amount > 0) & self.side.outgoing & money_moved(payments)
        self._group = codes(self.side.party, payments.currency)
        in_groups = np.isin(self._group, self._group[judged])
        self._rows = _by(self._group, np.flatnonzero(in_groups & self._paid))
        party = self.side.party
        self._of_party = _by(party, np.flatnonzero(np.isin(party, party[judged]) & past))
        records = payments.records
        self._owed = None if records is None else are(records, "obligation")
        self._usual: dict[int, _Usual] = {}
        self._invoiced: dict[int, _Invoiced] = {}
        self._accounts = self._stated_accounts(judged)
        self._new_share = self._share_of_new()

    def _stated_accounts(self, judged: Ints) -> dict[str, dict[str, list[int]]]:
        """Return party's name → bank account → the rows that state it, for the names of the judged
        rows' parties."""
        names, party = self.payments.entities.name, self.side.party
        cores = {core(names[at]) for at in party[judged] if not is_placeholder(names[at])}
        in_question = np.array([core(name) in cores for name in names], dtype=bool)
        rows = self._past & in_question[party] & ~are(self.stated.accounts, "")
        accounts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for at in np.flatnonzero(rows).tolist():
            accounts[core(names[party[at]])][self.stated.accounts[at]].append(at)
        return accounts

    def _share_of_new(self) -> float:
        """Return the share (0..1) of the tenant's payments that were the first to their party."""
        rows = np.flatnonzero(self._paid)
        return len(np.unique(self.side.party[rows])) / len(rows) if len(rows) else 1.0

    def bank_details(self, place: int) -> Iterator[Finding]:
        """Yield a finding if the row states a bank account that no earlier row of a party of this
        name has."""
        account = self.stated.accounts[place]
        accounts = self._accounts.get(core(self._name(place)), {})
        if account and accounts and account not in accounts:
            rows = sorted(at for some in accounts.values() for at in some)
            last = rows[-1]
            why = (
                f"{account} is new: {self._name(place)} was paid to "
                f"{self.stated.accounts[last]} so far, last by {row(self.payments, last)}"
            )
            yield Finding("new_bank_details", len(rows) / (len(rows) + 1), why, _last(rows))

    def amount(self, place: int) -> Iterator[Finding]:
        """Yield a finding if the amount is far above every amount that the party was paid, or far
        from the usual one."""
        group = int(self._group[place])
        rows = self._rows.get(group, NO_ROWS)
        if len(rows) < FEWEST or not self.side.outgoing[place]:
            return
        payments, amount = self.payments, int(self.payments.amount[place])
        currency = payments.currency[place]
        if group not in self._usual:
            self._usual[group] = _Usual.of(payments.amount[rows], rows)
        usual = self._usual[group]
        if amount > MORE * usual.greatest:
            why = (
                f"{money(amount, currency)} is {amount / usual.greatest:.1f} times the most that "
                f"{self._name(place)} was paid in {len(rows)} payments: {row(payments, usual.row)}"
            )
            yield Finding("over_limit", 1 - usual.greatest / amount, why, (usual.row,))
        score = usual.score(amount)
        if score > BOUND:
            why = (
                f"{money(amount, currency)} where {self._name(place)} is usually paid about "
                f"{money(float(np.exp(usual.median)), currency)} "
                f"({len(rows)} payments, modified z-score {score:.1f})"
            )
            yield Finding("unusual_amount", 1 - BOUND / score, why, _last(rows.tolist()))

    def expected(self, place: int) -> Iterator[Finding]:
        """Yield a finding if the party was never paid, or if its payments usually name an invoice
        but this one does not."""
        if int(self.side.party[place]) not in self._of_party:
            why = (
                f"{self._name(place)} is new: {self._new_share:.0%} of the payments in the books "
                "were the first to their party"
            )
            yield Finding("not_expected", 1 - self._new_share, why)
            return
        yield from self._without_invoice(place)

    def _without_invoice(self, place: int) -> Iterator[Finding]:
        named = numbers.named(self.payments)[place]
        if self._owed is None or not named:
            return
        past = self._past_invoices(int(self.side.party[place]), self._owed)
        paying, naming = len(past.paying), len(past.naming)
        usual = paying >= LATEST and naming >= INVOICED * paying
        if usual and not named & past.invoices:
            why = (
                f"no invoice of {self._name(place)} has this number; {naming} of its "
                f"{paying} payments name one of its {len(past.invoices)} invoices"
            )
            yield Finding("not_expected", naming / paying, why, _last(past.naming))

    def _past_invoices(self, party: int, owed: NDArray[np.bool_]) -> _Invoiced:
        if party not in self._invoiced:
            payments, rows = self.payments, self._of_party[party]
            own, numbers_of = numbers.of_documents(payments), numbers.named(payments)
            invoices = {own[at] for at in rows[owed[rows]].tolist()} - {""}
            paying = rows[self._paid[rows]].tolist()
            naming = [at for at in paying if numbers_of[at] & invoices] if invoices else []
            self._invoiced[party] = _Invoiced(paying, naming, invoices)
        return self._invoiced[party]

    def _name(self, place: int) -> str:
        return str(self.payments.entities.name[self.side.party[place]])


def _median(values: NDArray[np.float64]) -> float:
    """Return the median of at least one value. For few values it is much faster than np.median."""
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


def _by(code: Ints, rows: Ints) -> dict[int, Ints]:
    return {int(code[some[0]]): some for some in groups(code, rows, least=1)}


def _last(rows: list[int]) -> tuple[int, ...]:
    return tuple(rows[-LATEST:])
