"""Groups rows that agree in several columns: one code for each combination of values."""

from collections import ChainMap
from collections.abc import MutableMapping
from itertools import pairwise
from weakref import finalize

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.enrich.columns.payments import Ints, Texts, fixed

MOST = 2**62  # combinations of values that a number of 64 bits may stand for
WIDE = 16  # numbers for each row up to which a table is faster than hashing
_codes_of: dict[int, Ints] = {}  # by the identity of the column, as in the next two
_code_by_text: dict[int, MutableMapping[str, int]] = {}
_parts_of: dict[int, tuple[Texts, Ints, Texts]] = {}


def codes(*columns: NDArray[np.generic]) -> Ints:
    """Return a number for each row, less than the number of rows. It is equal for rows that agree
    in every column.

    Numbers are in the order of the first rows. Values are hashed, not sorted.
    """
    code, size = _numbers(columns[0])
    for column in columns[1:]:
        place, width = _numbers(column)
        if size * width > MOST:
            code, place = _hashed(pa.array(code)), _hashed(pa.array(place))
            size, width = len(code) + 1, len(place) + 1
        code, size = code * width + place, size * width
    if len(code) // 4 <= size <= WIDE * len(code):
        return _in_a_table(code, size)
    return _hashed(pa.array(code))


def _numbers(column: NDArray[np.generic]) -> tuple[Ints, int]:
    """Return a number from 0 for each row, equal for equal values, and an upper limit that all
    numbers are below."""
    if column.dtype.kind not in "biu":
        place = _of_texts(column) if column.flags.writeable else codes_of_texts(column)
        return place, len(place) + 1
    if not len(column):
        return column.astype(np.int64), 1
    low, high = int(column.min()), int(column.max())
    return column.astype(np.int64) - low, high - low + 1


def _of_texts(column: NDArray[np.generic]) -> Ints:
    return _hashed(pa.array(column, pa.string() if column.dtype == object else None))


def _in_a_table(code: Ints, size: int) -> Ints:
    """Return a code for each row, equal for equal numbers, in the order of the first rows.

    `code` has numbers below `size`. This is faster than hashing if `size` is about the number of
    rows.
    """
    first = np.empty(size, dtype=np.int64)
    rows = np.arange(len(code), dtype=np.int64)
    first[code[::-1]] = rows[::-1]  # the last value that is assigned stays
    place = first[code]
    return np.asarray((np.cumsum(place == rows) - 1)[place], dtype=np.int64)


def _hashed(values: pa.Array) -> Ints:
    return np.asarray(values.dictionary_encode().indices, dtype=np.int64)


def codes_of_texts(column: NDArray[np.generic]) -> Ints:
    """Return a code for each row of a read-only column of texts, equal for equal texts.

    The codes are in no particular order, and cached as long as the column exists.
    """
    name = id(column)
    if name not in _codes_of:
        parts = _parts_of.get(name)
        if parts is None:
            _codes_of[name] = _of_texts(column)
        else:
            _codes_of[name], _code_by_text[name] = _extended(*parts)
            finalize(column, _code_by_text.pop, name, None)
        finalize(column, _codes_of.pop, name, None)
    return _codes_of[name]


def inserted(old: Texts, before: Ints, new: Texts) -> Texts:
    """Return a read-only column: `old` with each text of `new` inserted before its row number in
    `before`.

    If `old` is read-only too, its cached codes are reused.
    """
    column = fixed(np.insert(old, before, new))
    if not old.flags.writeable:
        _parts_of[id(column)] = old, before, new
        finalize(column, _parts_of.pop, id(column), None)
    return column


def _extended(old: Texts, before: Ints, new: Texts) -> tuple[Ints, MutableMapping[str, int]]:
    """Return the codes of the column `old` with the texts `new` inserted, and text → code.

    A text that `old` does not have gets a new code.
    """
    code_of, added = code_by_text(old), dict[str, int]()
    codes_of_new = [
        code_of[text] if text in code_of else added.setdefault(text, len(code_of) + len(added))
        for text in new.tolist()
    ]
    return np.insert(codes_of_texts(old), before, codes_of_new), ChainMap(added, code_of)


def code_by_text(column: Texts) -> MutableMapping[str, int]:
    """Return text → its code in `codes_of_texts`, for a read-only column. Cached as long as the
    column exists."""
    name, code = id(column), codes_of_texts(column)
    if name not in _code_by_text:
        _code_by_text[name] = dict(zip(column.tolist(), code.tolist(), strict=True))
        finalize(column, _code_by_text.pop, name, None)
    return _code_by_text[name]


def are(column: Texts, *words: str) -> NDArray[np.bool_]:
    """Return one boolean per row: whether its text is one of `words`.

    A read-only column is compared by its cached codes, in a tenth of the time.
    """
    if column.flags.writeable:
        return np.isin(column.astype(str), words)
    code, code_of = codes_of_texts(column), code_by_text(column)
    is_word = np.zeros(int(code.max(initial=-1)) + 1, dtype=bool)
    is_word[[code_of[word] for word in words if word in code_of]] = True
    return np.asarray(is_word[code])


def ranks(column: Texts) -> Ints:
    """Return, for each row, the position of its text among the column's distinct texts in
    alphabetical order."""
    if column.flags.writeable:
        return np.unique(column.astype(str), return_inverse=True)[1].astype(np.int64)
    code_of = code_by_text(column)
    rank = np.zeros(len(code_of), dtype=np.int64)
    rank[[code_of[text] for text in sorted(code_of)]] = np.arange(len(code_of))
    return np.asarray(rank[codes_of_texts(column)])


def unlike(code: Ints, values: Ints) -> Ints:
    """Return, for each code, the number of different values in the rows that have the code."""
    pair = codes(code, values)
    of_pair = np.zeros(int(pair.max(initial=-1)) + 1, dtype=np.int64)
    of_pair[pair] = code
    return np.asarray(np.bincount(of_pair, minlength=int(code.max(initial=-1)) + 1), dtype=np.int64)


def having(code: Ints, some: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return one boolean per row: whether any row in the mask `some` has the same code."""
    is_some = np.zeros(int(code.max(initial=-1)) + 1, dtype=bool)
    is_some[code[some]] = True
    return np.asarray(is_some[code])


def groups(code: Ints, rows: Ints | None = None, least: int = 2) -> list[Ints]:
    """Return one array of row numbers per code that at least `least` rows have, ordered by code.

    Only the row numbers in `rows` are grouped; None stands for all rows.
    """
    of = np.arange(len(code), dtype=np.int64) if rows is None else rows
    if not len(of):
        return []
    of = of[np.bincount(code[of])[code[of]] >= least]
    order = of[np.argsort(code[of], kind="stable")]
    cuts = np.flatnonzero(np.diff(code[order])) + 1
    return cut(order, cuts)


def cut(rows: Ints, places: Ints) -> list[Ints]:
    """Return the array `rows` in parts: one begins at its start and one at each position in
    `places`.

    It is np.split for one dimension, but faster for many parts.
    """
    if not len(rows):
        return []
    bounds = [0, *places.tolist(), len(rows)]
    return [rows[begin:end] for begin, end in pairwise(bounds)]
