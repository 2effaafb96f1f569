"""Builds Arrow tables, as the view and the table of entities return them, from plain numbers."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
import pyarrow as pa

from graph.engine.graph import Graph, build

NODE, EDGE, GONE = 1, 2, 10**6
Ends = Sequence[int | None]


def uuids(numbers: Sequence[int], family: int = NODE) -> pa.Array:
    """A uuid for each number. The uuids sort as the numbers do."""
    halves = np.empty((len(numbers), 2), dtype=">u8")
    halves[:, 0], halves[:, 1] = numbers, (0x80F << 52) + family
    octets = pa.py_buffer(halves.tobytes())
    storage = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(numbers), [None, octets])
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def node_id(number: int) -> str:
    return str(uuids([number])[0].as_py())


def edge_id(number: int) -> str:
    return str(UUID(bytes=uuids([number], EDGE).storage[0].as_py()))


def nodes(count: int) -> pa.Table:
    return pa.table(
        {
            "id": uuids(range(count)),
            "kind": pa.array(
                ["vendor" if i % 2 else "department" for i in range(count)], pa.string()
            ),
            "name": pa.array([f"node {i}" for i in range(count)], pa.string()),
        }
    )


def edges(source: Ends, target: Ends, **columns: pa.Array) -> pa.Table:
    """A table of edges from `source` to `target`, as numbers of nodes. None is an unresolved end,
    and GONE an end whose entity was deleted."""
    return pa.table(
        {
            "id": uuids(range(len(source)), EDGE),
            "source_entity_id": _ends(source),
            "target_entity_id": _ends(target),
            **columns,
        }
    )


def _ends(numbers: Ends) -> pa.Array:
    ends = pa.array(numbers, pa.int64())
    distinct = ends.unique().drop_null()
    rows = pa.compute.index_in(ends, value_set=distinct)
    return uuids(distinct.to_numpy()).take(rows)


def graph(
    count: int,
    pairs: Sequence[tuple[int | None, int | None]],
    causal: Sequence[float | None] = (),
    confidence: Sequence[float] = (),
) -> Graph:
    """The graph of `count` nodes with an edge for each pair of numbers. By default the confidence
    is 1 and causal_score is NULL."""
    source, target = [u for u, _ in pairs], [v for _, v in pairs]
    return build(nodes(count), edges(source, target, **scores(len(pairs), causal, confidence)))


def scores(
    count: int, causal: Sequence[float | None] = (), confidence: Sequence[float] = ()
) -> dict[str, pa.Array]:
    return {
        "causal_score": pa.array(causal or [None] * count, pa.float64()),
        "confidence_score": pa.array(confidence or [1.0] * count, pa.float64()),
    }
