"""Arrow columns as Python values, against a loop over them."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.engine.columns import as_strings, is_uuid, storage, uuid_texts, values
from tests.graph.engine.tables import uuids


def uuid_array(found):
    octets = pa.array([None if value is None else value.bytes for value in found], pa.binary(16))
    return pa.ExtensionArray.from_storage(pa.uuid(), octets)


def text(value):
    return None if value is None else str(value)


optional_uuids = st.lists(st.one_of(st.none(), st.uuids()), max_size=30)


@given(st.lists(st.tuples(optional_uuids, st.integers(0, 12), st.integers(0, 12)), max_size=4))
def test_uuids_in_slices_and_chunks_become_their_texts(parts):
    chunks = [uuid_array(result).slice(start, length) for result, start, length in parts]
    expected = [text(v) for result, start, length in parts for v in result[start : start + length]]
    assert values(pa.chunked_array(chunks, pa.uuid())) == expected


@given(optional_uuids, st.integers(0, 20))
def test_uuid_texts_keep_null_null_in_a_slice(found, start):
    texts = uuid_texts(uuid_array(found).storage.slice(start))
    texts.validate(full=True)
    assert texts.to_pylist() == [text(value) for value in found[start:]]
    assert texts.null_count == found[start:].count(None)


COLUMNS = [
    (pa.float64(), st.floats(allow_nan=False)),
    (pa.int16(), st.integers(1, 12)),
    (pa.bool_(), st.booleans()),
    (pa.string(), st.text(max_size=3)),
    (pa.date32(), st.dates()),
    (
        pa.timestamp("us", "UTC"),
        st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    (pa.list_(pa.int16()), st.lists(st.one_of(st.none(), st.integers(1, 12)), max_size=3)),
    (pa.list_(pa.string()), st.lists(st.text(max_size=2), max_size=3)),
]


@pytest.mark.parametrize(("kind", "one"), COLUMNS, ids=[str(kind) for kind, _ in COLUMNS])
@given(data=st.data())
def test_values_are_the_columns_own(kind, one, data):
    result = data.draw(st.lists(st.one_of(st.none(), one), max_size=30))
    cut, start = data.draw(st.integers(0, 30)), data.draw(st.integers(0, 5))
    whole = pa.array(result, kind)
    column = pa.chunked_array([whole[:cut], whole[cut:]], kind).slice(start)
    assert values(column) == result[start:]
    assert [type(v) for v in values(column)] == [type(v) for v in result[start:]]


def test_money_comes_as_text():
    """The driver gives a numeric as text that says what it was."""
    texts = pa.array(["1.0000", None, "-0.1000"])
    money = pa.ExtensionArray.from_storage(pa.opaque(pa.string(), "numeric", "PostgreSQL"), texts)
    assert values(pa.chunked_array([money])) == ["1.0000", None, "-0.1000"]


@pytest.mark.parametrize(
    "kind", [pa.uuid(), pa.string(), pa.float64(), pa.date32(), pa.list_(pa.int16()), pa.null()]
)
def test_a_column_without_chunks_or_rows_is_an_empty_list(kind):
    assert values(pa.chunked_array([], kind)) == []
    assert values(pa.chunked_array([pa.array([], kind)] * 2, kind)) == []


def test_a_column_of_nothing_but_null():
    for kind in (pa.uuid(), pa.string(), pa.float64(), pa.null(), pa.list_(pa.string())):
        assert values(pa.chunked_array([pa.nulls(3, kind)])) == [None] * 3


def test_equal_values_are_made_once():
    column = pa.chunked_array([pa.array([date(2024, 1, 31)] * 3 + [None])])
    first, second, third, missing = values(column)
    assert first is second is third
    assert missing is None


def test_storage_is_one_piece_of_sixteen_bytes():
    array = storage(pa.chunked_array([uuids([1]), uuids([2, 3])]))
    assert array.type == pa.binary(16)
    assert len(array) == 3
    assert is_uuid(pa.uuid())
    assert not is_uuid(pa.binary(16))
    assert as_strings(pa.chunked_array([pa.array(["a", "b"])])) == ["a", "b"]
