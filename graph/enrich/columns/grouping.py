"""Groups rows that agree in several columns: one code for each combination of values."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.enrich.columns.payments import Ints


def codes(*columns: NDArray[np.generic]) -> Ints:
    """A number for each row, less than the number of rows. It is equal for rows that agree in every
    column."""
    code, *others = (_places(column) for column in columns)
    for place in others:
        code = _places(code * (int(place.max(initial=0)) + 1) + place)
    return code


def _places(column: NDArray[np.generic]) -> Ints:
    """A number for each distinct value, in the order of their first rows. Values are hashed, not
    sorted."""
    values = pa.array(column, pa.string() if column.dtype == object else None)
    return np.asarray(values.dictionary_encode().indices, dtype=np.int64)


def groups(code: Ints, rows: Ints | None = None, least: int = 2) -> list[Ints]:
    """The rows of each code that at least `least` rows have, in order. Only the rows `rows` count,
    or all."""
    of = np.arange(len(code), dtype=np.int64) if rows is None else rows
    if not len(of):
        return []
    of = of[np.bincount(code[of])[code[of]] >= least]
    order = of[np.argsort(code[of], kind="stable")]
    cuts = np.flatnonzero(np.diff(code[order])) + 1
    return np.split(order, cuts) if len(order) else []
