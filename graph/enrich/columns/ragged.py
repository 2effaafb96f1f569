"""Lists of different lengths, stored one after the other in flat columns. Pure functions.

`begin` has the start of each list. Its last entry is the total length.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def begins(lengths: Ints) -> Ints:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)))


def taken(begin: Ints, lists: Ints) -> tuple[Ints, Ints]:
    """The places of the rows of these lists, list after list, and for each row the list in `lists`
    that it belongs to."""
    lengths = begin[lists + 1] - begin[lists]
    of = np.repeat(np.arange(len(lists), dtype=np.int64), lengths)
    moved = begin[lists] - begins(lengths)[:-1]
    return np.arange(len(of), dtype=np.int64) + moved[of], of


def between(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """All places begin <= place < end of each range, range after range, and the range of each
    place."""
    lengths = np.maximum(end - begin, 0)
    of = np.repeat(np.arange(len(begin), dtype=np.int64), lengths)
    moved = begin - begins(lengths)[:-1]
    return np.arange(len(of), dtype=np.int64) + moved[of], of


def products(ones: Ints, others: Ints) -> tuple[Ints, Ints, Ints]:
    """All pairs of places in lists of these two lengths, list after list: the list of each pair,
    and the places in it."""
    lengths = ones * others
    of = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    number = np.arange(len(of), dtype=np.int64) - begins(lengths)[of]
    return of, *np.divmod(number, others[of])


def cut(of: Ints, size: int) -> Ints:
    """The starts of `size` lists, given the list of each row in order."""
    return begins(np.bincount(of, minlength=size))


def sums(values: Floats, begin: Ints, end: Ints) -> Floats:
    """The sum over begin <= row < end of each range. No range may be empty."""
    edges = np.stack((begin, end), axis=1).ravel()
    return np.asarray(np.add.reduceat(np.append(values, 0.0), edges)[::2])


def medians(values: Floats, of: Ints, size: int) -> Floats:
    """The median of each of `size` lists. The value of an empty list is undefined."""
    begin = cut(of, size)
    ordered = values[np.lexsort((values, of))]
    middle = begin[:-1] + begin[1:]
    low, high = (ordered.take(at // 2, mode="clip") for at in (middle - 1, middle))
    return np.asarray((low + high) / 2)


def alike(lengths: Ints) -> Iterator[Ints]:
    """Yield groups of lists whose lengths are about equal (up to a power of two). A group can be
    padded to a matrix."""
    size = np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64)
    for exponent in np.unique(size):
        yield np.flatnonzero(size == exponent)
