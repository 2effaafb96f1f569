"""Selects which rows of two groups are compared: all pairs, or those near in time."""

from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np

from graph.enrich.columns import ragged
from graph.enrich.columns.payments import Ints

NEAR = 12  # rows before and after that a row is compared with, if both groups have many
FULL = 20_000  # pairs of rows with one amount and two parties, up to which all pairs are compared


Cell = tuple[Ints, Ints]  # the rows of two groups that are compared


def near(day: Ints, cells: Iterable[Cell]) -> Iterator[Cell]:
    """Yield the pairs of rows that are to be compared, cell by cell.

    A cell is two groups of rows. If it has at most FULL pairs, all are yielded, else each row with
    its neighbours in time or in order. `day` has the day of each row.
    """
    for is_full, some in groupby(cells, lambda cell: len(cell[0]) * len(cell[1]) > FULL):
        if is_full:
            yield from (_neighbours(day, *cell) for cell in some)
        else:
            yield _all_pairs(list(some))


def _all_pairs(cells: list[Cell]) -> Cell:
    lengths = np.array([(len(ones), len(others)) for ones, others in cells], dtype=np.int64)
    ones, others = (np.concatenate([cell[side] for cell in cells]) for side in (0, 1))
    begins = [ragged.begins(lengths[:, side]) for side in (0, 1)]
    of, one, other = ragged.products(*lengths.T)
    return ones[begins[0][of] + one], others[begins[1][of] + other]


def _neighbours(day: Ints, ones: Ints, others: Ints) -> Cell:
    reach = np.arange(-NEAR, NEAR + 1)
    of_day = np.arange(len(ones)) - np.searchsorted(day[ones], day[ones])  # its number on its day
    places = (np.searchsorted(day[others], day[ones]) + of_day)[:, None] + reach
    fits = (places >= 0) & (places < len(others))
    rows = np.broadcast_to(ones[:, None], places.shape)[fits]
    return rows, others[places[fits]]
