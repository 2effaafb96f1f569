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
    """Return the row numbers of the selected lists, list after list, and for each row the position
    in `lists` of its list."""
    lengths = begin[lists + 1] - begin[lists]
    of = np.repeat(np.arange(len(lists), dtype=np.int64), lengths)
    moved = begin[lists] - begins(lengths)[:-1]
    return np.arange(len(of), dtype=np.int64) + moved[of], of


def between(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return all integers of the ranges begin[i] <= n < end[i], range after range, and the range i
    of each."""
    lengths = np.maximum(end - begin, 0)
    of = np.repeat(np.arange(len(begin), dtype=np.int64), lengths)
    moved = begin - begins(lengths)[:-1]
    return np.arange(len(of), dtype=np.int64) + moved[of], of


def products(ones: Ints, others: Ints) -> tuple[Ints, Ints, Ints]:
    """Return all pairs of positions in two lists, for each i with the lengths ones[i] and
    others[i].

    The three results are each pair's i, its position in the first list, and its position in the
    second.
    """
    lengths = ones * others
    of = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    number = np.arange(len(of), dtype=np.int64) - begins(lengths)[of]
    return of, *np.divmod(number, others[of])


def cut(of: Ints, size: int) -> Ints:
    """Return where each of `size` lists begins in the flat column, and the total length.

    `of` has the list of each row, in order.
    """
    return begins(np.bincount(of, minlength=size))


def sums(values: Floats, begin: Ints, end: Ints) -> Floats:
    """Return, for each range i, the sum of `values` over begin[i] <= row < end[i]. No range may be
    empty."""
    edges = np.stack((begin, end), axis=1).ravel()
    return np.asarray(np.add.reduceat(np.append(values, 0.0), edges)[::2])


def medians(values: Floats, of: Ints, size: int) -> Floats:
    """Return the median of each of `size` lists. `of` has the list of each value.

    The median of an empty list is undefined.
    """
    begin = cut(of, size)
    ordered = values[np.lexsort((values, of))]
    middle = begin[:-1] + begin[1:]
    low, high = (ordered.take(at // 2, mode="clip") for at in (middle - 1, middle))
    return np.asarray((low + high) / 2)


def alike(lengths: Ints) -> Iterator[Ints]:
    """Yield groups of list numbers whose lengths are equal up to a factor of two, so that a group
    can be padded to a matrix."""
    size = np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64)
    for exponent in np.unique(size):
        yield np.flatnonzero(size == exponent)
