"""The columnar graph wears networkx's interface: it answers as the converted graph does."""

import copy
import pickle
import threading

import networkx as nx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.engine.graph import build
from graph.engine.networkx.columnar import ColumnarGraph, Projection
from tests.graph.engine import tables
from tests.oracle.compared import same_graph


@st.composite
def books(draw):
    count = draw(st.integers(0, 6))
    end = st.integers(0, max(count - 1, 0))
    ends = draw(st.lists(st.tuples(end, end), max_size=15)) if count else []
    source, target = [u for u, _ in ends], [v for _, v in ends]
    amounts = draw(st.lists(st.none() | st.floats(0, 9), min_size=len(ends), max_size=len(ends)))
    columns = {"amount": pa.array(amounts, pa.float64()), "weight": pa.array([1.5] * len(ends))}
    return ColumnarGraph(build(tables.nodes(count), tables.edges(source, target, **columns)))


@settings(max_examples=50)
@given(books())
def test_it_reads_as_the_converted_graph(ours):
    theirs = ours.to_networkx()
    assert same_graph(nx.MultiDiGraph(ours), theirs)
    assert list(ours) == list(theirs)
    assert dict(ours.nodes(data=True)) == dict(theirs.nodes(data=True))
    assert sorted(ours.edges(keys=True)) == sorted(theirs.edges(keys=True))
    assert sorted(ours.in_edges(keys=True)) == sorted(theirs.in_edges(keys=True))
    amounts = [sorted(g.edges(keys=True, data="amount"), key=str) for g in (ours, theirs)]
    assert amounts[0] == amounts[1]
    for view in ("degree", "in_degree", "out_degree"):
        assert dict(getattr(ours, view)()) == dict(getattr(theirs, view)())
    assert (ours.number_of_nodes(), ours.number_of_edges(), len(ours), ours.size()) == (
        theirs.number_of_nodes(),
        theirs.number_of_edges(),
        len(theirs),
        theirs.size(),
    )
    assert {n: {m: set(k) for m, k in ours.adj[n].items()} for n in ours} == {
        n: {m: set(k) for m, k in theirs.adj[n].items()} for n in theirs
    }
    assert ours.graph == theirs.graph
    assert (ours.is_directed(), ours.is_multigraph()) == (True, True)


@settings(max_examples=50)
@given(books(), st.data())
def test_parts_of_it_are_parts_of_the_converted_graph(ours, data):
    theirs = ours.to_networkx()
    some = data.draw(st.lists(st.sampled_from([*ours, "no such node"]), unique=True))
    assert same_graph(nx.MultiDiGraph(ours.subgraph(some)), nx.MultiDiGraph(theirs.subgraph(some)))
    edges = list(ours.edges(keys=True))
    subset = data.draw(st.lists(st.sampled_from(edges), unique=True)) if edges else []
    assert same_graph(
        nx.MultiDiGraph(ours.edge_subgraph(subset)), nx.MultiDiGraph(theirs.edge_subgraph(subset))
    )
    assert same_graph(nx.MultiDiGraph(ours.reverse()), theirs.reverse())
    assert same_graph(ours.to_undirected(), theirs.to_undirected())
    distinct = set(some)
    view = nx.subgraph_view(ours, filter_node=lambda node: node in distinct)
    assert sorted(view.edges(keys=True)) == sorted(theirs.subgraph(some).edges(keys=True))


@settings(max_examples=50)
@given(books())
def test_its_projection_is_simple_and_adds_up(ours):
    simple, theirs = ours.projection("weight"), ours.to_networkx()
    assert isinstance(simple, Projection)
    assert {frozenset(ends) for ends in simple.edges()} == {frozenset(e[:2]) for e in theirs.edges}
    for u, v, data in simple.edges(data=True):
        between = theirs.number_of_edges(u, v) + (theirs.number_of_edges(v, u) if u != v else 0)
        assert (data["count"], data["weight"]) == (between, 1.5 * between)
    assert dict(simple.degree()) == dict(simple.to_networkx().degree())


def one() -> ColumnarGraph:
    return ColumnarGraph(build(tables.nodes(2), tables.edges([0], [1], amount=pa.array([None]))))


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g.add_node("x"),
        lambda g: g.add_edge("x", "y"),
        lambda g: g.add_edges_from([("x", "y")]),
        lambda g: g.remove_node(tables.node_id(0)),
        lambda g: g.clear(),
        lambda g: nx.set_edge_attributes(g, 1, "amount"),
        lambda g: g.nodes[tables.node_id(0)].__setitem__("name", "x"),
        lambda g: g.edges[tables.node_id(0), tables.node_id(1), tables.edge_id(0)].update(x=1),
    ],
)
def test_nothing_changes_it(change):
    graph = one()
    with pytest.raises((nx.NetworkXError, TypeError, AttributeError)):
        change(graph)
    assert same_graph(graph.to_networkx(), one().to_networkx())


@pytest.mark.parametrize("graph", [one(), one().projection()])
def test_it_is_not_pickled(graph):
    with pytest.raises(TypeError, match="Export it"):
        pickle.dumps(graph)
    assert copy.deepcopy(graph) is copy.copy(graph) is graph
    changed = graph.copy()
    changed.add_node("mine")
    assert "mine" not in graph


def test_a_weight_that_is_null_somewhere_is_refused_by_name():
    with pytest.raises(ValueError, match="amount is NULL on 1 of 1 edges"):
        nx.pagerank(one(), weight="amount")


def test_threads_share_it():
    size = 400
    ends = [[i % 50 for i in range(size)], [i * 7 % 50 for i in range(size)]]
    graph = ColumnarGraph(build(tables.nodes(50), tables.edges(*ends)))
    items = []

    def ask():
        items.append((nx.pagerank(graph), sorted(graph.edges(keys=True))))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(items) == 8
    assert all(item == items[0] for item in items)


def test_a_node_with_many_self_loops_and_many_parallel_edges():
    loops = ColumnarGraph(build(tables.nodes(1), tables.edges([0] * 100_000, [0] * 100_000)))
    assert nx.pagerank(loops) == {tables.node_id(0): 1.0}
    assert nx.betweenness_centrality(loops) == {tables.node_id(0): 0.0}
    parallel = build(tables.nodes(2), tables.edges([0] * 1_000_000, [1] * 1_000_000))
    assert ColumnarGraph(parallel).projection().size("count") == 1_000_000
    assert (
        nx.shortest_path_length(ColumnarGraph(parallel), tables.node_id(0), tables.node_id(1)) == 1
    )
