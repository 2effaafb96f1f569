"""Where ids stand among others, looked up by half of them."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graph.engine.columns import positions


def column(*ids: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([i and i.encode() for i in ids], pa.binary(16))])


A, B, C = "a" * 16, "b" * 16, "c" * 16
TWIN = "x" * 8 + "a" * 8  # its second half is A's


@pytest.mark.parametrize(
    ("wanted", "candidates"),
    [
        ((B, None, A, C), (A, B)),
        ((TWIN, A), (A, B)),
        ((TWIN, A), (A, TWIN)),
        ((), (A,)),
        ((A,), ()),
    ],
)
def test_are_those_of_the_whole_ids(wanted, candidates):
    rows = positions(column(*wanted).slice(0), column(*candidates))
    assert rows.equals(pc.index_in(column(*wanted).combine_chunks(), column(*candidates).chunk(0)))


def test_of_a_slice():
    assert positions(column(C, B, A).slice(1), column(A, B)).to_pylist() == [1, 0]
