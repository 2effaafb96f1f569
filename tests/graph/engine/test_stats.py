"""The graph in numbers, against networkx."""

import networkx as nx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.engine.graph import build
from graph.engine.stats import stats
from tests.graph.engine.tables import GONE, edges, graph, nodes


@given(st.integers(0, 8).flatmap(lambda n: st.tuples(
    st.just(n),
    st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=12)
    if n else st.just([]),
)))  # fmt: skip
def test_as_networkx_counts_them(drawn):
    count, pairs = drawn
    oracle = nx.MultiDiGraph(pairs)
    oracle.add_nodes_from(range(count))
    result = stats(graph(count, pairs))
    assert (result.nodes, result.edges) == (len(oracle), oracle.number_of_edges())
    assert result.density == pytest.approx(nx.density(oracle) if count > 1 else 0)
    degrees = [degree for _, degree in oracle.degree()]
    assert result.average_degree == pytest.approx(sum(degrees) / count if count else 0)
    assert result.components == nx.number_weakly_connected_components(oracle)


def test_what_is_no_edge_is_counted_beside_them():
    result = stats(graph(3, [(0, 1), (0, GONE), (1, GONE), (None, 1)]))
    assert (result.edges, result.dangling, result.unresolved, result.components) == (1, 2, 1, 2)


def test_layers_count_the_edges_of_which_they_say_something():
    columns = {
        "causal_relationship_id": pa.array(["a", None, "b"]),
        "pattern_id": pa.nulls(3, pa.string()),
        "duplicate_transaction_id": pa.array(["a", "b", "c"]),
    }
    result = stats(build(nodes(1), edges([0, 0, 0], [0, 0, GONE], **columns)))
    assert result.layers == {"causal": 1, "pattern": 0, "fraud": 2}


def test_many_edges_between_few_nodes():
    loops = stats(graph(1, [(0, 0)] * 100_000))
    assert (loops.edges, loops.components, loops.density) == (100_000, 1, 0)
    assert loops.average_degree == 200_000
    parallel = stats(graph(2, [(0, 1)] * 1_000_000))
    assert (parallel.components, parallel.density) == (1, 500_000)
