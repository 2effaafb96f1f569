"""Pairs of rows of two sources that record one payment."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.links.other_accounts import Statements

SAME = "same_transaction"
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows that may record one payment, as row numbers `one` and `other`.

    `days` is the signed number of days between them, `alike` the similarity of the parties' names
    (0..1), `odds` the odds that they are one payment, `confidence` is in 0..1, and `numbered` says
    that both state one number.
    """

    one: Ints
    other: Ints
    days: Ints
    alike: Floats
    odds: Floats
    confidence: Floats
    numbered: Flags

    def __len__(self) -> int:
        return len(self.one)

    def weighed(self, odds: Floats) -> "Pairs":
        """Return the pairs with `odds` replaced."""
        return Pairs(**{**vars(self), "odds": odds})

    def only(self, selection: NDArray[np.generic]) -> "Pairs":
        """Return the pairs that the mask or the positions select."""
        return Pairs(**{name: values[selection] for name, values in vars(self).items()})


def joined(parts: list[Pairs]) -> Pairs:
    """Return all pairs of the parts in one, the most certain first."""
    names = Pairs.__annotations__
    if not parts:
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Pairs(none, none, none, nothing, nothing, nothing, np.zeros(0, dtype=bool))
    every = Pairs(
        **{name: np.concatenate([getattr(pairs, name) for pairs in parts]) for name in names}
    )
    return every.only(np.lexsort((every.other, every.one, -every.confidence)))


def consistent(payments: Payments, pairs: Pairs, statements: Statements) -> Pairs:
    """Return the pairs without those that would make two rows of one source sightings of one
    payment, through a third row.

    Rows of two accounts' statements are kept apart in the same way, and rows that people took
    apart. Earlier pairs win.
    """
    group: dict[int, dict[str, int]] = {}
    places: list[int] = []
    for at, (one, other) in enumerate(zip(pairs.one.tolist(), pairs.other.tolist(), strict=True)):
        ones = group.setdefault(one, {payments.source[one]: one})
        others = group.setdefault(other, {payments.source[other]: other})
        if ones is not others and not ones.keys() & others.keys():
            if _of_two_accounts(statements, ones, others) or _taken_apart(payments, ones, others):
                continue
            ones |= others
            group |= dict.fromkeys(ones.values(), ones)
            places.append(at)
    return pairs.only(np.array(places, dtype=np.int64))


def _of_two_accounts(statements: Statements, ones: dict[str, int], others: dict[str, int]) -> bool:
    if len(ones) == len(others) == 1:  # the pair itself, which is a candidate
        return False
    rows = [(one, other) for one in ones.values() for other in others.values()]
    one, other = np.array(rows, dtype=np.int64).T
    return bool(statements.apart(one, other).any())


def _taken_apart(payments: Payments, ones: dict[str, int], others: dict[str, int]) -> bool:
    return not payments.apart.of(SAME).isdisjoint(product(ones.values(), others.values()))
