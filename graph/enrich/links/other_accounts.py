"""Decides whether two statements are of two accounts or of one.

Money that leaves one account does not leave another one: rows of two accounts' statements in the
same direction are two payments, also if both agree with one row of a ledger. A card's fee is not
the bank's, though both are 12.00 in a month. Two downloads of one account state the same payments,
and their accounts may have different names. So the names do not decide, but the rows of the days
that both statements cover: in two downloads of one account, most rows of one are in the other.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import are, codes, cut
from graph.enrich.columns.payments import Ints, Payments

Flags = NDArray[np.bool_]

STATEMENTS = ("bank", "card")  # platforms whose rows are lines of one account
AT_MOST = 5  # days between the rows of one payment in two downloads
SHARED = 0.5  # least share of one statement's rows that are in the other one of the same account


class Statements:
    """The statements in a tenant's payments: one for each source and own account."""

    def __init__(self, payments: Payments) -> None:
        side = sides(payments)
        is_account = (payments.entities.kind == "account").astype(bool)
        is_line = are(payments.platform, *STATEMENTS) & is_account[side.own]
        self._day, self._outgoing, self._own = payments.day, side.outgoing, side.own
        self._key = codes(payments.currency, payments.amount, side.outgoing)
        self._statement = np.where(is_line, codes(payments.source, side.own), -1)
        self._are_apart: dict[tuple[int, int], bool] = {}

    @cached_property
    def _rows(self) -> dict[int, Ints]:
        """Return statement's number → its row numbers."""
        lines = np.flatnonzero(self._statement >= 0)
        lines = lines[np.argsort(self._statement[lines], kind="stable")]
        ends = np.flatnonzero(np.diff(self._statement[lines])) + 1
        return {int(self._statement[rows[0]]): rows for rows in cut(lines, ends) if len(rows)}

    def apart(self, one: Ints, other: Ints) -> Flags:
        """Return, for each pair of rows, whether they are in the statements of two accounts and in
        the same direction. Such rows are two payments."""
        ones, others = self._statement[one], self._statement[other]
        apart = (ones >= 0) & (others >= 0) & (ones != others)
        apart &= self._own[one] != self._own[other]
        apart &= self._outgoing[one] == self._outgoing[other]
        places = np.flatnonzero(apart)
        apart[places] = [
            self._of_two_accounts(int(ones[at]), int(others[at])) for at in places.tolist()
        ]
        return np.asarray(apart, dtype=bool)

    def _of_two_accounts(self, one: int, other: int) -> bool:
        pair = (min(one, other), max(one, other))
        if pair not in self._are_apart:
            self._are_apart[pair] = self._shared(*pair) < SHARED
        return self._are_apart[pair]

    def _shared(self, one: int, other: int) -> float:
        """Return the share (0..1) of rows that are in both statements, over the days that both
        cover.

        The rows of the statement that has fewer are counted.
        """
        ones, others = self._rows[one], self._rows[other]
        first = max(self._day[ones].min(), self._day[others].min()) - AT_MOST
        last = min(self._day[ones].max(), self._day[others].max()) + AT_MOST
        covered = [
            rows[(self._day[rows] >= first) & (self._day[rows] <= last)] for rows in (ones, others)
        ]
        few, many = sorted(covered, key=len)
        return float(self._has_equal(few, many).mean()) if len(few) else 0.0

    def _has_equal(self, rows: Ints, others: Ints) -> Flags:
        """Return, for each of `rows`, whether any of `others` has the same amount within AT_MOST
        days."""
        width = int(self._day.max()) - int(self._day.min()) + 2 * AT_MOST + 1
        at = np.sort(self._key[others] * width + self._day[others] - self._day.min())
        least = self._key[rows] * width + self._day[rows] - self._day.min() - AT_MOST
        first, after = np.searchsorted(at, least), np.searchsorted(at, least + 2 * AT_MOST + 1)
        return np.asarray(after > first, dtype=bool)
