"""Centralities, against networkx on a graph built edge by edge."""

import random

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.engine.graph import Graph, build
from graph.engine.importance import ALGORITHMS, DAMPING, importance
from tests.graph.engine.tables import GONE, edges, graph, nodes, scores

score = st.integers(0, 20).map(lambda n: n / 20)


@st.composite
def books(draw):
    """A number of nodes and rows (source, target, causal_score or None, confidence_score)."""
    count = draw(st.integers(1, 7))
    end = st.integers(0, count - 1)
    row = st.tuples(end, end, st.one_of(st.none(), score), score)
    return count, draw(st.lists(row, max_size=14))


def made(count, rows) -> Graph:
    return graph(
        count, [row[:2] for row in rows], [causal for *_, causal, _ in rows], [c for *_, c in rows]
    )


def weighted(count, rows, kind: type[nx.Graph]) -> nx.Graph:
    """Parallel edges add up; an undirected edge counts both ways."""
    oracle = kind()
    oracle.add_nodes_from(range(count))
    for u, v, causal, confidence in rows:
        weight = confidence if causal is None else causal
        before = oracle.edges[u, v]["weight"] if oracle.has_edge(u, v) else 0
        oracle.add_edge(u, v, weight=before + weight)
    return oracle


def simple(count, rows, kind: type[nx.Graph]) -> nx.Graph:
    oracle = kind()
    oracle.add_nodes_from(range(count))
    oracle.add_edges_from((u, v) for u, v, *_ in rows if u != v)
    return oracle


def in_order(found: dict[int, float]) -> list[float]:
    return [found[i] for i in range(len(found))]


KINDS = [("any", nx.Graph), ("out", nx.DiGraph)]
both_ways = pytest.mark.parametrize(("direction", "kind"), KINDS)


@both_ways
@given(drawn=books())
def test_pagerank(direction, kind, drawn):
    result = importance(made(*drawn), "pagerank", direction)
    oracle = nx.pagerank(weighted(*drawn, kind), alpha=DAMPING, tol=1e-12, max_iter=1000)
    assert result.scores == pytest.approx(in_order(oracle), abs=1e-8)
    assert result.scores.sum() == pytest.approx(1)
    causal = sum(row[2] is not None for row in drawn[1])
    assert result.weights_used == {
        "causal_score": causal,
        "confidence_score": len(drawn[1]) - causal,
    }


@both_ways
@given(drawn=books())
def test_pagerank_solves_its_equations(direction, kind, drawn):
    """p = d Pᵀp + (1 - d)/n, where a node that leads nowhere leads everywhere."""
    oracle = weighted(*drawn, kind)
    count = len(oracle)
    matrix = nx.to_numpy_array(oracle, nodelist=range(count))
    for row in matrix:
        row[:] = row / row.sum() if row.sum() else 1 / count
    solved = np.linalg.solve(
        np.eye(count) - DAMPING * matrix.T, np.full(count, (1 - DAMPING) / count)
    )
    result = importance(made(*drawn), "pagerank", direction)
    assert result.scores == pytest.approx(solved, abs=1e-8)


@both_ways
@given(drawn=books())
def test_betweenness(direction, kind, drawn):
    result = importance(made(*drawn), "betweenness", direction)
    assert result.scores == pytest.approx(in_order(nx.betweenness_centrality(simple(*drawn, kind))))
    assert result.weights_used == {}


@both_ways
@given(drawn=books())
def test_closeness(direction, kind, drawn):
    result = importance(made(*drawn), "closeness", direction)
    assert result.scores == pytest.approx(in_order(nx.closeness_centrality(simple(*drawn, kind))))
    assert result.weights_used == {}


@pytest.fixture(scope="module")
def large():
    """Enough nodes for several threads, with loops, parallel edges and sums that need rounding."""
    chance = random.Random(11)
    return 300, [
        (chance.randrange(300), chance.randrange(40), chance.random(), 1.0) for _ in range(2000)
    ]


@both_ways
def test_betweenness_and_closeness_of_many_nodes(direction, kind, large):
    oracle = simple(*large, kind)
    for algorithm, obvious in (
        ("betweenness", nx.betweenness_centrality),
        ("closeness", nx.closeness_centrality),
    ):
        result = importance(made(*large), algorithm, direction)
        assert result.scores == pytest.approx(in_order(obvious(oracle)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_same_graph_has_the_same_scores_bit_for_bit(algorithm, large):
    count, rows = large
    table = edges(
        [u for u, *_ in rows],
        [v for _, v, *_ in rows],
        **scores(len(rows), [c for *_, c, _ in rows]),
    )
    first = importance(build(nodes(count), table), algorithm).scores
    for seed in range(3):
        order = random.Random(seed).sample(range(len(rows)), len(rows))
        again = importance(build(nodes(count), table.take(order)), algorithm).scores
        assert np.array_equal(first, again)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_equals_score_the_same(algorithm):
    """100 vendors each paid by the same three departments, in another order each."""
    chance = random.Random(3)
    pairs = [(d, v) for v in range(3, 103) for d in chance.sample(range(3), 3)]
    confidence = [(0.1, 0.2, 0.7)[d] for d, _ in pairs]
    result = importance(graph(103, pairs, confidence=confidence), algorithm).scores
    assert len(set(result[3:].tolist())) == 1


@both_ways
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_few_nodes(algorithm, direction, kind):
    assert importance(graph(0, []), algorithm, direction).scores.tolist() == []
    alone = 1.0 if algorithm == "pagerank" else 0.0
    assert importance(graph(1, []), algorithm, direction).scores.tolist() == [alone]
    dangling = graph(2, [(0, None), (None, 1), (0, GONE)])
    assert importance(dangling, algorithm, direction).scores.tolist() == [alone / 2, alone / 2]


@both_ways
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_many_edges_between_few_nodes(algorithm, direction, kind):
    loops = importance(graph(1, [(0, 0)] * 100_000), algorithm, direction).scores
    assert loops.tolist() == [1.0 if algorithm == "pagerank" else 0.0]
    parallel = importance(graph(2, [(0, 1)] * 1_000_000), algorithm, direction).scores
    single = importance(graph(2, [(0, 1)]), algorithm, direction).scores
    assert parallel == pytest.approx(single)


def test_without_any_weight_all_are_equal():
    result = importance(graph(3, [(0, 1), (1, 2)], causal=[0, 0]), "pagerank").scores
    assert result == pytest.approx([1 / 3] * 3)


def test_an_unknown_algorithm_is_a_key_error():
    with pytest.raises(KeyError):
        importance(graph(0, []), "fame")
