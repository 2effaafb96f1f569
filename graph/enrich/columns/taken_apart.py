"""Pairs of payments that people took apart: a detector does not link them again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[Any]  # of str objects


@dataclass(frozen=True)
class TakenApart:
    """For each type of link, the pairs of row numbers whose link people took apart, in both
    orders."""

    pairs: dict[str, frozenset[tuple[int, int]]] = field(default_factory=dict)

    def of(self, link_type: str) -> frozenset[tuple[int, int]]:
        """Return the pairs of row numbers for this type of link."""
        return self.pairs.get(link_type, frozenset())

    def among(self, link_type: str, one: Ints, other: Ints) -> Flags:
        """Return one boolean per pair of rows: whether people took it apart."""
        apart = self.of(link_type)
        if not apart:
            return np.zeros(len(one), dtype=bool)
        ends = zip(one.tolist(), other.tolist(), strict=True)
        return np.fromiter((pair in apart for pair in ends), dtype=bool, count=len(one))

    def left(self, link_type: str, rows: Ints, other: int) -> Ints:
        """Return the rows that people did not take apart from the row `other`."""
        return rows[~self.among(link_type, rows, np.full(len(rows), other))]

    def moved(self, places: Ints) -> "TakenApart":
        """Return the pairs with new row numbers: `places` has the new number of each row."""
        return TakenApart(
            {
                link_type: frozenset((int(places[one]), int(places[other])) for one, other in pairs)
                for link_type, pairs in self.pairs.items()
            }
        )


NOTHING = TakenApart()


def of_links(links: Iterable[tuple[str, str, str]], events: Iterable[Texts]) -> TakenApart:
    """Return the pairs of rows that the links connect.

    Each link has its type and the ids of two events. `events` are the columns of the rows' events.
    Links with events of no row are left out.
    """
    listed = list(links)
    wanted = {event for _, *ends in listed for event in ends}
    rows = (
        {event: at for column in events for at, event in enumerate(column) if event in wanted}
        if wanted
        else {}
    )
    pairs: dict[str, set[tuple[int, int]]] = {}
    for link_type, one, other in listed:
        if one in rows and other in rows:
            ends = rows[one], rows[other]
            pairs.setdefault(link_type, set()).update((ends, ends[::-1]))
    return TakenApart({name: frozenset(both) for name, both in pairs.items()})
