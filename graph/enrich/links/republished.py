"""Finds rows that a source published twice under different keys: they are listed twice, but were
paid once.

A single equal row is an ordinary second purchase. But if nearly all rows of one publication (a
file, a month of a feed) agree with rows of another one in everything but the key, the publication
is a repetition. The same holds within one file if nearly all rows of a month occur an even number
of times.
"""

from collections import Counter

import numpy as np

from graph.enrich.columns.grouping import codes, groups
from graph.enrich.columns.payments import Ints, Payments, Texts

SHARE = 0.8  # least share of the smaller publication's rows that have an equal row
LEAST = 20  # rows; fewer equal rows may be chance
KINDS = 8  # least number of different rows among them; a toll that is paid daily is equal every day


def find(payments: Payments, publication: Texts | None = None) -> tuple[Ints, Ints]:
    """Return the repeated rows and the rows that they repeat, one to one.

    `publication` says where each row was first read, as texts in the order of reading ("" unknown).
    """
    places = publication if publication is not None else np.full(len(payments), "", dtype=object)
    alike = _alike(payments)
    what = codes(payments.payer, payments.payee, payments.amount, payments.document)
    repeats = _between(alike, what, codes(payments.source, places))
    repeats += _within(payments, alike, what)
    pairs = {later: first for later, first in reversed(repeats) if later != first}
    ordered = sorted(pairs)
    firsts = np.array([pairs[row] for row in ordered], dtype=np.int64)
    return np.array(ordered, dtype=np.int64), firsts


def _alike(payments: Payments) -> Ints:
    """Return a number for each row, equal for rows that agree in everything but the key: the number
    of the first of them.

    Texts are compared only where day, parties and amount agree.
    """
    near = codes(payments.day, payments.payer, payments.payee, payments.amount)
    rows = np.flatnonzero(np.bincount(near)[near] > 1)
    texts = (payments.source, payments.currency, payments.document, payments.description)
    code = codes(near[rows], *(column[rows] for column in texts))
    alike = np.arange(len(payments), dtype=np.int64)
    alike[rows] = rows[np.unique(code, return_index=True)[1]][code]
    return alike


def _rank(alike: Ints) -> Ints:
    """Return, for each row, how many equal rows come before it."""
    rank = np.zeros(len(alike), dtype=np.int64)
    for group in groups(alike):
        rank[group] = np.arange(len(group))
    return rank


def _between(alike: Ints, what: Ints, publication: Ints) -> list[tuple[int, int]]:
    """Return (later row, first row) for equal rows of two publications of which one repeats most of
    the other."""
    size = np.bincount(publication)
    within = _rank(codes(alike, publication))
    twins: list[tuple[int, int]] = []
    for group in groups(codes(alike, within)):
        first = int(group[np.argmin(publication[group])])
        twins += [(int(row), first) for row in group if publication[row] != publication[first]]
    counts: Counter[tuple[int, int]] = Counter()
    kinds: dict[tuple[int, int], set[int]] = {}
    for later, first in twins:
        pair = (int(publication[later]), int(publication[first]))
        counts[pair] += 1
        kinds.setdefault(pair, set()).add(int(what[first]))
    repeats = {
        pair
        for pair, count in counts.items()
        if count >= max(LEAST, SHARE * min(size[pair[0]], size[pair[1]]))
        and len(kinds[pair]) >= KINDS
    }
    return [
        (later, first)
        for later, first in twins
        if (int(publication[later]), int(publication[first])) in repeats
    ]


def _within(payments: Payments, alike: Ints, what: Ints) -> list[tuple[int, int]]:
    """Return (later row, first row) for the equal rows of a month in which nearly every row occurs
    an even number of times."""
    months = payments.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    repeats: list[tuple[int, int]] = []
    even = np.bincount(alike)[alike] % 2 == 0
    for rows in groups(codes(payments.source, months), least=2 * LEAST):
        twice = even[rows].mean() >= SHARE and len(set(what[rows].tolist())) >= KINDS
        for group in groups(alike, rows) if twice else []:
            if len(group) % 2 == 0:
                half = len(group) // 2
                repeats += list(zip(group[half:].tolist(), group[:half].tolist(), strict=True))
    return repeats
