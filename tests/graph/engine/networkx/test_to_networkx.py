"""The networkx form of the graph."""

import networkx as nx
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from graph.engine.graph import build
from graph.engine.networkx.to_networkx import to_networkx
from tests.graph.engine.tables import GONE, edge_id, edges, graph, node_id, nodes

NODES = 3
ends = st.sampled_from([*range(NODES), None, GONE])
score = st.one_of(st.none(), st.floats(0, 1))


@given(st.lists(st.tuples(ends, ends, score), max_size=8))
def test_each_edge_stands_under_its_relationships_id(rows):
    result = to_networkx(graph(NODES, [(u, v) for u, v, _ in rows], [score for *_, score in rows]))
    expected = nx.MultiDiGraph()
    for i in range(NODES):
        kind = "vendor" if i % 2 else "department"
        expected.add_node(node_id(i), kind=kind, name=f"node {i}")
    for i, (u, v, score) in enumerate(rows):
        if u in range(NODES) and v in range(NODES):
            attributes = {"causal_score": score, "confidence_score": 1.0}
            expected.add_edge(node_id(u), node_id(v), edge_id(i), **attributes)
    assert type(result) is nx.MultiDiGraph
    assert list(result.nodes(data=True)) == list(expected.nodes(data=True))
    assert dict(result.adjacency()) == dict(expected.adjacency())


def test_what_is_no_edge_is_told():
    result = to_networkx(graph(2, [(0, None), (0, GONE), (1, GONE), (0, 1)]))
    assert result.graph == {"unresolved": 1, "dangling": 2}


def test_edges_without_columns_have_no_attributes():
    result = to_networkx(build(nodes(2), edges([0, 0], [1, 1])))
    assert list(result.edges(keys=True, data=True)) == [
        (node_id(0), node_id(1), edge_id(0), {}),
        (node_id(0), node_id(1), edge_id(1), {}),
    ]


def test_null_is_none_and_lists_are_lists():
    columns = {
        "seasonal_months": pa.array([[1, 12], None], pa.list_(pa.int16())),
        "pattern_name": pa.array([None, "rent"]),
        "is_duplicate": pa.array([False, True]),
    }
    result = to_networkx(build(nodes(1), edges([0, 0], [0, 0], **columns)))
    assert [attributes for *_, attributes in result.edges(data=True)] == [
        {"seasonal_months": [1, 12], "pattern_name": None, "is_duplicate": False},
        {"seasonal_months": None, "pattern_name": "rent", "is_duplicate": True},
    ]


def test_one_edges_attributes_are_not_anothers():
    result = to_networkx(graph(1, [(0, 0), (0, 0)]))
    result.edges[node_id(0), node_id(0), edge_id(0)]["confidence_score"] = 0
    assert result.edges[node_id(0), node_id(0), edge_id(1)]["confidence_score"] == 1


def test_no_nodes():
    assert len(to_networkx(graph(0, []))) == 0
