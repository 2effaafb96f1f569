"""Finds the run of occurrences in slots with the greatest value. Pure functions.

The method is J. Kadane's maximum subarray (J. Bentley, CACM 27 (1984), 865-873), by running sums,
for many lists at once.
"""

from collections.abc import Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import ragged
from graph.enrich.columns.ragged import Floats, Ints

Run = tuple[Ints, Ints]


def runs(gains: Floats, slots: Ints, begin: Ints, keeping: Sequence[float]) -> list[Run]:
    """Return, for each share h of kept slots in `keeping`, the best run of each list, as (begins,
    ends) within the list.

    An occurrence is worth its gain plus ln h; an empty slot between two costs -ln(1 - h). List i
    has the rows begin[i] to begin[i + 1]; none may be empty.
    """
    lengths = np.diff(begin)
    bounds = [(np.zeros_like(lengths), np.zeros_like(lengths)) for _ in keeping]
    for lists in ragged.alike(lengths):
        column = np.arange(int(lengths[lists].max()))
        beyond = column >= lengths[lists][:, None]
        places = begin[lists][:, None] + np.minimum(column, lengths[lists][:, None] - 1)
        gaps = np.zeros(places.shape, dtype=np.int64)
        gaps[:, 1:] = np.maximum(np.diff(slots[places], axis=1) - 1, 0)
        for h, (first, end) in zip(keeping, bounds, strict=True):
            first[lists], end[lists] = _best(gains[places] + log(h), gaps * log(1 - h), beyond)
    return bounds


def _best(gains: Floats, lost: Floats, beyond: NDArray[np.bool_]) -> Run:
    """Return (begins, ends) of the run with the greatest sum in each row of a matrix.

    `gains` has the worth of each occurrence, `lost` the cost of the gap before it; entries in the
    mask `beyond` do not exist.
    """
    after = np.cumsum(gains + lost, axis=1)
    before = after - gains
    worth = after - np.minimum.accumulate(before, axis=1)
    worth[beyond] = -np.inf
    last = worth.argmax(axis=1)
    before[np.arange(before.shape[1]) > last[:, None]] = np.inf
    return before.argmin(axis=1), last + 1
