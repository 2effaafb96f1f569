"""Converts Arrow columns to Python values, vectorized where possible."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

UUID_BYTES = 16
UUID_CHARACTERS = 36
HEX = np.frombuffer(
    b"".join(f"{byte:02x}".encode() for byte in range(256)), dtype=np.uint8
).reshape(256, 2)
# Positions of the 32 hex digits in the text form 8-4-4-4-12 of a uuid.
DIGITS = np.array([i for i in range(UUID_CHARACTERS) if i not in (8, 13, 18, 23)])


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the column with its dictionary codes replaced by values, if it is dictionary-encoded.

    Arrow has no dictionaries of the uuid type, so uuids are stored in them as 16 bytes.
    """
    if not pa.types.is_dictionary(column.type):
        return column
    pieces = [chunk.dictionary.take(chunk.indices) for chunk in column.chunks]
    if column.type.value_type != pa.binary(UUID_BYTES):
        return pa.chunked_array(pieces, column.type.value_type)
    uuids = [pa.ExtensionArray.from_storage(pa.uuid(), piece) for piece in pieces]
    return pa.chunked_array(uuids, pa.uuid())


def storage(column: pa.ChunkedArray) -> pa.Array:
    """Return the column as one array of its storage type (16 bytes for a uuid)."""
    whole = plain(column).combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # the column has no chunks
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], column.type)
    return whole.storage if isinstance(whole.type, pa.BaseExtensionType) else whole


def positions(values: pa.ChunkedArray, among: pa.ChunkedArray) -> pa.Array:
    """Return the position of each value's first occurrence in `among` (int32); NULL if there is
    none.

    Uuids are looked up by their last 8 bytes, which is several times faster than by all 16, and
    their first 8 bytes are then compared. If the first bytes of any uuid differ, all uuids are
    looked up by 16 bytes.
    """
    sought, candidates = storage(values), storage(among)
    if sought.type != candidates.type or sought.type != pa.binary(UUID_BYTES):
        return pc.index_in(sought, value_set=candidates)
    (first, second), (candidates_first, candidates_second) = _halves(sought), _halves(candidates)
    rows = pc.index_in(second, value_set=candidates_second)
    if pc.all(pc.equal(first, candidates_first.take(rows))).as_py() is False:
        return pc.index_in(sought, value_set=candidates)
    return rows


def _halves(uuids: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the first 8 bytes of each uuid and the last 8 bytes, each as int64; NULL stays
    NULL."""
    octets = np.frombuffer(uuids.buffers()[1], dtype=np.int64).reshape(-1, 2)
    octets = octets[uuids.offset :][: len(uuids)]
    absent = pc.is_null(uuids).to_numpy(zero_copy_only=False) if uuids.null_count else None
    return pa.array(octets[:, 0], mask=absent), pa.array(octets[:, 1], mask=absent)


def is_uuid(column_type: pa.DataType) -> bool:
    return isinstance(column_type, pa.UuidType)


def uuid_texts(values: pa.Array) -> pa.Array:
    """Return 16-byte values as texts of 36 characters; NULL stays NULL."""
    raw = values.fill_null(bytes(UUID_BYTES)) if values.null_count else values
    octets = np.frombuffer(raw.buffers()[1], dtype=np.uint8)
    octets = octets[raw.offset * UUID_BYTES :][: len(raw) * UUID_BYTES]
    text = np.full((len(raw), UUID_CHARACTERS), ord("-"), dtype=np.uint8)
    text[:, DIGITS] = HEX[octets].reshape(len(raw), 2 * UUID_BYTES)
    offsets = np.arange(len(raw) + 1, dtype=np.int32) * UUID_CHARACTERS
    mask = pc.is_valid(values).buffers()[1] if values.null_count else None
    return pa.StringArray.from_buffers(
        len(raw), pa.py_buffer(offsets), pa.py_buffer(text), mask, values.null_count
    )


def as_strings(column: pa.ChunkedArray) -> list[str]:
    """Return a column of uuids or texts as Python strings."""
    return list(values(column))


def values(column: pa.ChunkedArray) -> list[Any]:
    """Return a column as Python values: uuids and money as text, dates as date, NULL as None."""
    column = plain(column)
    array = storage(column)
    if array.null_count == len(array):
        return [None] * len(array)
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        return _numbers(array)
    if pa.types.is_list(array.type):
        return list(array.to_pylist())
    return _objects(array, is_uuid(column.type))


def _numbers(array: pa.Array) -> list[Any]:
    numbers = array.fill_null(0).to_numpy(zero_copy_only=False).tolist()
    for row in np.flatnonzero(pc.is_null(array).to_numpy(zero_copy_only=False)).tolist():
        numbers[row] = None
    return list(numbers)


def _objects(array: pa.Array, uuids: bool) -> list[Any]:
    """Return the array as a list of Python objects. If few values are distinct, equal elements
    are one object."""
    coded = array.dictionary_encode()
    many = len(coded.dictionary) > len(array) // 2
    if many and (uuids or pa.types.is_string(array.type)):
        return list((uuid_texts(array) if uuids else array).to_pylist())
    texts = uuid_texts(coded.dictionary) if uuids else coded.dictionary
    distinct = np.array([*texts.to_pylist(), None], dtype=object)
    return list(distinct[coded.indices.fill_null(len(distinct) - 1).to_numpy()].tolist())
