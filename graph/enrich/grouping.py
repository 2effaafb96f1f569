"""Rows that agree in several columns: one code for each combination of values."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.enrich.payments import Ints


def codes(*columns: NDArray[np.generic]) -> Ints:
    """For each row a number, the same for rows that agree in every column. Columns: one or more."""
    found = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        place = _places(column)
        found = np.unique(found * (int(place.max(initial=0)) + 1) + place, return_inverse=True)[1]
    return np.asarray(found, dtype=np.int64)


def _places(column: NDArray[np.generic]) -> Ints:
    if column.dtype == object:  # texts: hashed, for sorting them is slow
        column = np.asarray(pa.array(column, pa.string()).dictionary_encode().indices)
    return np.asarray(np.unique(column, return_inverse=True)[1], dtype=np.int64)


def groups(code: Ints, rows: Ints | None = None, least: int = 2) -> list[Ints]:
    """The rows (of `rows`, or all) of each code that at least `least` of them have, in order."""
    of = np.arange(len(code), dtype=np.int64) if rows is None else rows
    if not len(of):
        return []
    of = of[np.bincount(code[of])[code[of]] >= least]
    order = of[np.argsort(code[of], kind="stable")]
    cuts = np.flatnonzero(np.diff(code[order])) + 1
    return np.split(order, cuts) if len(order) else []
