"""The graph of columns, against a loop over the rows."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.engine.graph import DERIVED, build
from tests.graph.engine.tables import GONE, edge_id, edges, graph, node_id, nodes, scores, uuids

NODES = 4
ends = st.sampled_from([*range(NODES), None, GONE])
rows = st.lists(st.tuples(ends, ends), max_size=12)


@given(rows)
def test_edges_unresolved_and_dangling_are_told_apart(pairs):
    built = graph(NODES, pairs)
    items = [(i, u, v) for i, (u, v) in enumerate(pairs) if u in range(NODES) and v in range(NODES)]
    unresolved = sum(None in pair for pair in pairs)
    assert built.source.tolist() == [u for _, u, _ in items]
    assert built.target.tolist() == [v for _, _, v in items]
    assert [str(value) for value in built.edges["id"].to_pylist()] == [
        edge_id(i) for i, _, _ in items
    ]
    assert built.unresolved == unresolved
    assert built.dangling == len(pairs) - unresolved - len(items)
    assert (built.node_count, built.edge_count) == (NODES, len(items))


@given(rows, st.integers(0, 12))
def test_chunks_do_not_matter(pairs, cut):
    source, target = [u for u, _ in pairs], [v for _, v in pairs]
    whole = edges(source, target, **scores(len(pairs)))
    pieces = pa.concat_tables([whole[:cut], whole[cut:]])
    split = build(pa.concat_tables([nodes(NODES)[:1], nodes(NODES)[1:]]), pieces)
    joined = build(nodes(NODES), whole)
    assert split.source.tolist() == joined.source.tolist()
    assert split.target.tolist() == joined.target.tolist()
    assert split.edges.equals(joined.edges)
    assert (split.unresolved, split.dangling) == (joined.unresolved, joined.dangling)


def test_the_ends_are_no_attributes():
    two_nodes = graph(2, [(0, 1)])
    assert two_nodes.edges.column_names == ["id", "causal_score", "confidence_score"]


@pytest.mark.parametrize("without", ["rows", "chunks"])
def test_no_rows_at_all(without):
    tables = nodes(0), edges([], [], **scores(0))
    if without == "chunks":
        tables = tuple(table.schema.empty_table() for table in tables)
    empty = build(*tables)
    assert (empty.node_count, empty.edge_count, empty.unresolved, empty.dangling) == (0, 0, 0, 0)
    assert empty.source.dtype == empty.target.dtype == np.int64
    assert empty.position(node_id(0)) is None


def test_edges_without_any_node_dangle():
    dangling = graph(0, [(0, 1), (None, 0)])
    assert (dangling.edge_count, dangling.dangling, dangling.unresolved) == (0, 1, 1)


def test_position_is_the_nodes_row():
    three_nodes = build(pa.concat_tables([nodes(3)[:2], nodes(3)[2:]]), edges([], []))
    assert [three_nodes.position(node_id(i)) for i in (0, 1, 2, 3)] == [0, 1, 2, None]
    assert three_nodes.node_ids() == [node_id(i) for i in range(3)]


def test_numbers_are_nan_where_null():
    one_node = graph(1, [(0, 0)] * 3, causal=[0.5, None, 0])
    assert np.array_equal(one_node.numbers("causal_score"), [0.5, np.nan, 0], equal_nan=True)
    assert graph(1, []).numbers("causal_score").shape == (0,)


def test_ids_are_in_the_order_of_their_numbers():
    """The builder of these tests keeps the promise that nodes are ordered by id."""
    texts = [str(value) for value in uuids([0, 1, 255, 256, 70000]).to_pylist()]
    assert texts == sorted(texts)
    assert len(set(texts)) == 5


def test_the_newest_derived_values_are_kept():
    built, computed = graph(1, []), []
    for number in [*range(DERIVED + 1), DERIVED, 0]:
        assert built.once(number, lambda _, n=number: computed.append(n) or n) == number
    assert computed == [*range(DERIVED + 1), 0], "the oldest was computed again"
