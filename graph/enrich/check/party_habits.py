"""What a party's own past says about a payment to it.

Amounts are compared by the modified z-score of B. Iglewicz and D. Hoaglin, "How to detect and
handle outliers" (1993), whose bound is 3.5, on the logarithms of what the party was paid.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from graph.enrich.check.objection import Finding, money, row
from graph.enrich.columns import numbers
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.name_similarity import core
from graph.enrich.columns.payments import Ints, Payments, money_moved
from graph.enrich.columns.placeholders import is_placeholder
from graph.enrich.fraud import Stated

FEWEST = 5  # payments to a party, from which on its amounts say what is usual
BOUND, SCALE = 3.5, 0.6745
PRECISE = 0.01  # of log amounts: less is no spread
MORE = 1.5  # times the greatest amount that the party was ever paid
INVOICED = 0.5  # of a party's payments that name an invoice in the books, at least
LATEST = 3  # rows that are shown of a past


class Past:
    """The rows of the parties that the `judged` rows are about, without these themselves."""

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
        self._accounts = self._stated_accounts(judged)
        self._new_share = self._share_of_new()

    def _stated_accounts(self, judged: Ints) -> dict[str, dict[str, list[int]]]:
        """Name → account → the rows that state it, for the names that are judged."""
        names, party = self.payments.entities.name, self.side.party
        cores = {core(names[at]) for at in party[judged] if not is_placeholder(names[at])}
        in_question = np.array([core(name) in cores for name in names], dtype=bool)
        rows = self._past & in_question[party] & (self.stated.accounts != "").astype(bool)
        accounts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for at in np.flatnonzero(rows).tolist():
            accounts[core(names[party[at]])][self.stated.accounts[at]].append(at)
        return accounts

    def _share_of_new(self) -> float:
        """The share of payments that were the first ones to their party."""
        rows = np.flatnonzero(self._paid)
        return len(np.unique(self.side.party[rows])) / len(rows) if len(rows) else 1.0

    def bank_details(self, place: int) -> Iterator[Finding]:
        """A finding if the books state no such account for a party of this name."""
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
        """A finding if the amount is far above what the party was ever paid, or far from its usual
        one."""
        rows = self._rows.get(int(self._group[place]), [])
        if len(rows) < FEWEST or not self.side.outgoing[place]:
            return
        payments, amount = self.payments, int(self.payments.amount[place])
        amounts, currency = payments.amount[rows], payments.currency[place]
        greatest = int(amounts.max())
        if amount > MORE * greatest:
            most = rows[int(amounts.argmax())]
            why = (
                f"{money(amount, currency)} is {amount / greatest:.1f} times the most that "
                f"{self._name(place)} was paid in {len(rows)} payments: {row(payments, most)}"
            )
            yield Finding("over_limit", 1 - greatest / amount, why, (most,))
        score, median = _score(amounts, amount)
        if score > BOUND:
            why = (
                f"{money(amount, currency)} where {self._name(place)} is usually paid about "
                f"{money(median, currency)} ({len(rows)} payments, modified z-score {score:.1f})"
            )
            yield Finding("unusual_amount", 1 - BOUND / score, why, _last(rows))

    def expected(self, place: int) -> Iterator[Finding]:
        """A finding if the party was never paid, or if the number is none of its invoices although
        its payments usually name one."""
        rows = self._of_party.get(int(self.side.party[place]), [])
        if not rows:
            why = (
                f"{self._name(place)} is new: {self._new_share:.0%} of the payments in the books "
                "were the first to their party"
            )
            yield Finding("not_expected", 1 - self._new_share, why)
            return
        yield from self._without_invoice(place, rows)

    def _without_invoice(self, place: int, rows: list[int]) -> Iterator[Finding]:
        payments, numbers_of = self.payments, numbers.named(self.payments)
        if payments.records is None or not numbers_of[place]:
            return
        own = numbers.of_documents(payments)
        invoices = {own[at] for at in rows if payments.records[at] == "obligation"} - {""}
        paying = [at for at in rows if self._paid[at]]
        naming = [at for at in paying if numbers_of[at] & invoices]
        usual = len(paying) >= LATEST and len(naming) >= INVOICED * len(paying)
        if usual and not numbers_of[place] & invoices:
            why = (
                f"no invoice of {self._name(place)} has this number; {len(naming)} of its "
                f"{len(paying)} payments name one of its {len(invoices)} invoices"
            )
            yield Finding("not_expected", len(naming) / len(paying), why, _last(naming))

    def _name(self, place: int) -> str:
        return str(self.payments.entities.name[self.side.party[place]])


def _by(code: Ints, rows: Ints) -> dict[int, list[int]]:
    by_code: dict[int, list[int]] = defaultdict(list)
    for at, of in zip(rows.tolist(), code[rows].tolist(), strict=True):
        by_code[of].append(at)
    return by_code


def _score(amounts: Ints, amount: int) -> tuple[float, float]:
    """The modified z-score of the amount, and the median."""
    logs = np.log(amounts.astype(np.float64))
    median = float(np.median(logs))
    spread = max(float(np.median(np.abs(logs - median))), PRECISE)
    return SCALE * abs(float(np.log(amount)) - median) / spread, float(np.exp(median))


def _last(rows: list[int]) -> tuple[int, ...]:
    return tuple(rows[-LATEST:])
