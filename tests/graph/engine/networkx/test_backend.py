"""networkx's algorithms on compiled code: the answers are networkx's."""

import logging
import math

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.engine.graph import build
from graph.engine.networkx.backend import NATIVE, functions
from graph.engine.networkx.columnar import ColumnarGraph
from tests.graph.engine import tables

KINDS = (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)
SCORES = ("pagerank", "betweenness_centrality", "closeness_centrality", "harmonic_centrality")


@pytest.fixture(autouse=True)
def _converted_graphs_are_kept(monkeypatch):
    """Not a word of it: no test changes a graph behind networkx's back."""
    monkeypatch.setattr(nx.config, "warnings_to_ignore", {"cache"})


@st.composite
def graphs(draw, kinds=KINDS, loops=True):
    """A networkx graph of up to 12 nodes, with parallel edges, self-loops and free edges."""
    graph = draw(st.sampled_from(kinds))()
    n = draw(st.integers(1, 12))
    graph.add_nodes_from(f"n{i}" for i in range(n))
    node = st.integers(0, n - 1)
    for u, v, weight in draw(st.lists(st.tuples(node, node, st.integers(0, 6)), max_size=40)):
        if loops or u != v:
            graph.add_edge(f"n{u}", f"n{v}", weight=weight)
    return graph


def both(name, graph, *args, **kwargs):
    """(networkx's answer, ours); an error as its type."""
    return [
        answer(name, graph, *args, backend=backend, **kwargs) for backend in ("networkx", "finley")
    ]


def answer(name, graph, *args, **kwargs):
    try:
        function = getattr(nx.community if name.endswith("_communities") else nx, name)
        result = function(graph, *args, **kwargs)
        return list(result) if hasattr(result, "__next__") else result
    except (nx.NetworkXException, ZeroDivisionError) as error:
        return type(error)


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=40)
@given(graph=graphs())
def test_scores_are_networkx_s(name, graph):
    theirs, ours = both(name, graph)
    assert list(ours) == list(graph)
    assert ours == pytest.approx(theirs, abs=1e-12)


@settings(max_examples=40)
@given(graph=graphs(kinds=(nx.Graph, nx.DiGraph)))
def test_eigenvectors_are_networkx_s(graph):
    theirs, ours = both("eigenvector_centrality", graph, max_iter=300)
    assert ours == (pytest.approx(theirs, abs=1e-9) if isinstance(theirs, dict) else theirs)


@settings(max_examples=40)
@given(graph=graphs(), normalized=st.booleans(), endpoints=st.booleans())
def test_betweenness_scaled_as_networkx_s(graph, normalized, endpoints):
    theirs, ours = both("betweenness_centrality", graph, normalized=normalized, endpoints=endpoints)
    assert ours == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=40)
@given(graph=graphs(), data=st.data())
def test_personal_pagerank_is_networkx_s(graph, data):
    weights = data.draw(st.dictionaries(st.sampled_from(list(graph)), st.integers(0, 3)))
    theirs, ours = both("pagerank", graph, personalization=weights, weight=None, alpha=0.7)
    assert ours == (pytest.approx(theirs, abs=1e-12) if isinstance(theirs, dict) else theirs)


@pytest.mark.parametrize("weight", [None, "weight"])
@settings(max_examples=40)
@given(graph=graphs(), data=st.data())
def test_shortest_paths_are_as_short_as_networkx_s(weight, graph, data):
    source, target = (data.draw(st.sampled_from(list(graph))) for _ in range(2))
    theirs, ours = both("shortest_path_length", graph, source, target, weight=weight)
    assert ours == theirs
    everywhere, result = both("shortest_path_length", graph, source, weight=weight)
    assert result == everywhere
    paths = answer("shortest_path", graph, source, weight=weight, backend="finley")
    assert {
        node: nx.path_weight(flat(graph), path, "weight") if weight else len(path) - 1
        for node, path in paths.items()
    } == everywhere
    one = answer("shortest_path", graph, source, target, weight=weight, backend="finley")
    assert one == paths.get(target, nx.NetworkXNoPath) or len(one) == len(paths[target]) or weight
    assert answer("has_path", graph, source, target, backend="finley") is (target in everywhere)


def flat(graph):
    """The simple graph of the cheapest edges."""
    simple = nx.DiGraph() if graph.is_directed() else nx.Graph()
    simple.add_nodes_from(graph)
    for u, v, weight in graph.edges(data="weight"):
        least = simple[u][v]["weight"] if simple.has_edge(u, v) else math.inf
        simple.add_edge(u, v, weight=min(weight, least))
    return simple


@pytest.mark.parametrize("weight", [None, "weight"])
@settings(max_examples=40)
@given(graph=graphs(kinds=(nx.Graph, nx.DiGraph)), data=st.data())
def test_simple_paths_come_as_networkx_s_by_cost(weight, graph, data):
    source, target = (data.draw(st.sampled_from(list(graph))) for _ in range(2))
    theirs, ours = both("shortest_simple_paths", first_of(graph), source, target, weight=weight)
    if not isinstance(theirs, list):
        assert ours == theirs
        return
    assert {tuple(path) for path in ours} == {tuple(path) for path in theirs}
    cost = (lambda path: nx.path_weight(graph, path, "weight")) if weight else len
    assert [cost(path) for path in ours] == [cost(path) for path in theirs]


def first_of(graph):
    """At most 14 edges: all the simple paths of more are too many."""
    small = graph.__class__()
    small.add_nodes_from(graph)
    small.add_edges_from(list(graph.edges(data=True))[:14])
    return small


@pytest.mark.parametrize(
    "name", ["connected_components", "weakly_connected_components", "strongly_connected_components"]
)
@settings(max_examples=40)
@given(graph=graphs())
def test_components_are_networkx_s(name, graph):
    theirs, ours = both(name, graph)
    if isinstance(theirs, list):
        theirs, ours = (sorted(map(sorted, item)) for item in (theirs, ours))
    assert ours == theirs


@pytest.mark.parametrize(
    "name",
    [
        "is_connected",
        "is_weakly_connected",
        "is_strongly_connected",
        "core_number",
        "triangles",
        "clustering",
        "average_clustering",
        "transitivity",
        "number_connected_components",
        "number_weakly_connected_components",
        "number_strongly_connected_components",
    ],
)
@settings(max_examples=40)
@given(graph=graphs())
def test_counts_are_networkx_s(name, graph):
    theirs, ours = both(name, graph)
    assert ours == (pytest.approx(theirs) if not isinstance(theirs, type) else theirs)


@pytest.mark.parametrize(
    "name",
    [
        "jaccard_coefficient",
        "adamic_adar_index",
        "resource_allocation_index",
        "preferential_attachment",
    ],
)
@settings(max_examples=40)
@given(graph=graphs(kinds=(nx.Graph,), loops=False))
def test_links_are_predicted_as_networkx_does(name, graph):
    for pairs in (None, list(nx.non_edges(graph))[:5]):
        theirs, ours = both(name, graph, pairs)
        assert scored(ours) == pytest.approx(scored(theirs))


def scored(predictions):
    return {frozenset((u, v)): score for u, v, score in predictions}


@pytest.mark.parametrize("name", ["louvain_communities", "leiden_communities"])
@settings(max_examples=40)
@given(graph=graphs(kinds=(nx.Graph, nx.MultiGraph)), seed=st.integers(0, 2**40))
def test_communities_are_a_partition_and_repeat(name, graph, seed):
    options = {"metric": "modularity"} if name.startswith("leiden") else {}
    result = answer(name, graph, seed=seed, backend="finley", **options)
    assert sorted(node for group in result for node in group) == sorted(graph)
    assert answer(name, graph, seed=seed, backend="finley", **options) == result


@pytest.mark.parametrize("name", ["louvain_communities", "leiden_communities"])
def test_communities_are_as_good_as_networkx_s(name):
    graph = nx.planted_partition_graph(8, 25, 0.4, 0.02, seed=3)
    options = {"metric": "modularity"} if name.startswith("leiden") else {}
    theirs, ours = both(name, graph, seed=1, **options)
    quality = [nx.community.modularity(graph, item) for item in (theirs, ours)]
    assert quality[1] > quality[0] - 0.01
    assert quality[1] > 0.5


@pytest.fixture
def payments():
    """(the columnar graph, networkx's own of the same rows)"""
    rng = np.random.default_rng(5)
    ends = rng.integers(0, 30, (2, 200)).tolist()
    edges = tables.edges(*ends, weight=pa.array(rng.random(200)))
    ours = ColumnarGraph(build(tables.nodes(30), edges))
    return ours, ours.to_networkx()


@pytest.mark.parametrize("name", SCORES)
def test_a_columnar_graph_is_read_without_conversion(name, payments, caplog):
    ours, theirs = payments
    caplog.set_level(logging.INFO, "graph.engine.networkx.backend")
    assert getattr(nx, name)(ours) == pytest.approx(getattr(nx, name)(theirs), abs=1e-12)
    assert getattr(nx, name)(ours.projection()) == pytest.approx(
        getattr(nx, name)(ours.projection().to_networkx()), abs=1e-12
    )
    assert caplog.records == []


def test_what_is_not_compiled_runs_on_a_converted_graph_and_says_so(payments, caplog):
    ours, theirs = payments
    caplog.set_level(logging.INFO, "graph.engine.networkx.backend")
    assert nx.degree_assortativity_coefficient(ours) == nx.degree_assortativity_coefficient(theirs)
    assert nx.betweenness_centrality(ours, k=5, seed=1) == nx.betweenness_centrality(
        theirs, k=5, seed=1
    )
    assert [record.getMessage().partition(" ")[0] for record in caplog.records] == [
        "degree_assortativity_coefficient",
        "betweenness_centrality",
    ]


def test_every_listed_function_is_native():
    listed = functions()
    assert {name for name, native in listed.items() if native} == set(NATIVE)
    distinct = {
        "pagerank",
        "betweenness_centrality",
        "closeness_centrality",
        "harmonic_centrality",
        "eigenvector_centrality",
        "shortest_path",
        "shortest_path_length",
        "shortest_simple_paths",
        "connected_components",
        "weakly_connected_components",
        "strongly_connected_components",
        "louvain_communities",
        "leiden_communities",
        "core_number",
        "triangles",
        "jaccard_coefficient",
        "adamic_adar_index",
        "resource_allocation_index",
    }
    assert [name for name in distinct if not listed[name]] == []
