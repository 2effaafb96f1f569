"""Where ids stand among others, looked up by half of them."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graph.engine.columns import places


def column(*ids: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([i and i.encode() for i in ids], pa.binary(16))])


A, B, C = "a" * 16, "b" * 16, "c" * 16
TWIN = "x" * 8 + "a" * 8  # its second half is A's


@pytest.mark.parametrize(
    ("wanted", "known"),
    [
        ((B, None, A, C), (A, B)),
        ((TWIN, A), (A, B)),
        ((TWIN, A), (A, TWIN)),
        ((), (A,)),
        ((A,), ()),
    ],
)
def test_are_those_of_the_whole_ids(wanted, known):
    found = places(column(*wanted).slice(0), column(*known))
    assert found.equals(pc.index_in(column(*wanted).combine_chunks(), column(*known).chunk(0)))


def test_of_a_slice():
    assert places(column(C, B, A).slice(1), column(A, B)).to_pylist() == [1, 0]
