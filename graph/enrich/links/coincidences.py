"""Estimates how often two parties' rows agree in their amount by chance alone.

A party with many rows in two sources has equal amounts that are not the same payment. Near misses
tell how many. For each row of one source, these are the rows of the other with a close but
different amount. Their number is divided by the number of amounts that lie that close (in steps of
the common divisor of all amounts). It is multiplied by the share of the other source's rows within
SOON days.

Pairs beyond that number count as one payment seen twice, less two standard deviations of a Poisson
count.
"""

import math

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.grouping import codes, cut, groups
from graph.enrich.columns.payments import Ints, Payments

Floats = NDArray[np.float64]

NEAR = 0.1  # share of an amount by which a near miss may differ
STEPS = 20  # or this many steps of the common divisor, if that is more
SOON = 60  # days within which two sources mostly record one payment
MANY = 100  # pairs of two parties' rows; with fewer, hardly any agree by chance
OWN = 5.0  # weight, in pairs, of the share over all parties in a party's own share


def price(
    payments: Payments,
    party: Ints,
    rows: tuple[Ints, Ints],
    pairs: tuple[Ints, Ints],
    usual: float,
) -> Floats:
    """Return, for each pair, the odds that its rows agree in amount by chance rather than because
    they record one payment; at least `usual`.

    `party` has the party of each payment. `rows` are the row numbers of the first source and of the
    second. `pairs` are rows of the first and of the second source with equal amounts and similar
    parties. Names and dates are not considered here. Pairs of parties with few rows get `usual`.
    """
    group = codes(party[pairs[0]], party[pairs[1]])
    soon = abs(payments.day[pairs[0]] - payments.day[pairs[1]]) <= SOON
    partners = _distinct(group, pairs[0], soon)
    days = payments.day[np.concatenate(rows)]
    longer = max(np.ptp(days) / (2 * SOON + 1), 1.0) if len(days) else 1.0
    by_chance, near = np.zeros(len(partners)), np.zeros(len(group))
    sides = tuple(_by_party(party, some) for some in rows)
    for some in groups(group, least=1):
        ours, theirs = (of[int(party[end[some[0]]])] for of, end in zip(sides, pairs, strict=True))
        if len(ours) * len(theirs) >= MANY:
            rate = _rates(payments.amount[ours], payments.amount[theirs])
            rate *= _share_soon(payments.day[ours], payments.day[theirs])
            of_all = by_chance[group[some[0]]] = rate.sum()
            own = rate[np.searchsorted(ours, pairs[0][some])]
            near[some] = (own * len(ours) + of_all) / 2
    beyond = np.maximum(partners - by_chance - 2 * np.sqrt(by_chance), 0)
    share = _beyond(float(partners.sum()), float(by_chance.sum())) / max(float(partners.sum()), 1.0)
    ratio = (near * longer + OWN * usual) / np.maximum(beyond[group] + OWN * share, 1e-9)
    return np.asarray(np.maximum(ratio, usual))


def _beyond(count: float, by_chance: float) -> float:
    return max(count - by_chance - 2 * math.sqrt(by_chance), 0.0)


def _distinct(group: Ints, rows: Ints, among: NDArray[np.bool_]) -> Floats:
    """Return, for each group number, how many different rows its pairs have. Only pairs in the mask
    `among` count."""
    pair_groups = np.unique(np.stack([group, rows], axis=1)[among], axis=0)[:, 0]
    return np.bincount(pair_groups, minlength=int(group.max(initial=-1)) + 1).astype(np.float64)


def _by_party(party: Ints, rows: Ints) -> dict[int, Ints]:
    """Return party → its row numbers in order."""
    order = rows[np.argsort(party[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(party[order])) + 1
    return {int(party[some[0]]): some for some in cut(order, cuts)}


def _share_soon(ours: Ints, theirs: Ints) -> Floats:
    """Return, for each day in `ours`, the share (0..1) of the days `theirs` that are within SOON
    days of it."""
    ordered = np.sort(theirs)
    until = np.searchsorted(ordered, ours + SOON, side="right")
    return np.asarray((until - np.searchsorted(ordered, ours - SOON)) / len(theirs))


def _rates(ours: Ints, theirs: Ints) -> Floats:
    """Return, for each amount in `ours`, how many of the amounts `theirs` are expected to equal it
    by chance."""
    step = max(int(np.gcd.reduce(np.concatenate([ours, theirs]))), 1)
    reach = np.maximum((NEAR * ours).astype(np.int64) // step, STEPS) * step
    ordered = np.sort(theirs)
    within = np.searchsorted(ordered, ours + reach, side="right")
    within -= np.searchsorted(ordered, ours - reach, side="left")
    equal = np.searchsorted(ordered, ours, side="right") - np.searchsorted(ordered, ours)
    return np.asarray((within - equal) / (2 * reach / step), dtype=np.float64)
