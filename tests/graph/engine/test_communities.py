"""Louvain, judged by networkx's modularity."""

import random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.engine.communities import communities
from graph.engine.graph import build
from tests.graph.engine.tables import GONE, edges, graph, nodes, scores


def oracle(count, pairs, weights) -> nx.Graph:
    simple = nx.Graph()
    simple.add_nodes_from(range(count))
    for (u, v), weight in zip(pairs, weights, strict=True):
        before = simple.edges[u, v]["weight"] if simple.has_edge(u, v) else 0
        simple.add_edge(u, v, weight=before + weight)
    return simple


@st.composite
def books(draw):
    count = draw(st.integers(1, 9))
    end = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(end, end), min_size=1, max_size=20))
    weights = st.lists(st.integers(1, 20), min_size=len(pairs), max_size=len(pairs))
    return count, pairs, [weight / 20 for weight in draw(weights)]


@given(books())
def test_a_partition_with_the_modularity_it_says(drawn):
    count, pairs, weights = drawn
    result = communities(graph(count, pairs, weights))
    assert sorted(node for group in result.members for node in group) == list(range(count))
    assert result.modularity == pytest.approx(
        nx.community.modularity(oracle(*drawn), result.members)
    )
    alone = nx.community.modularity(oracle(*drawn), [{node} for node in range(count)])
    assert result.modularity >= alone - 1e-9
    sizes = [(-len(group), group[0]) for group in result.members]
    assert sizes == sorted(sizes)
    assert all(group == sorted(group) for group in result.members)


def planted(seed: int) -> tuple[int, list[tuple[int, int]], list[float]]:
    """Eight groups of 15 that mostly keep to themselves."""
    chance = random.Random(seed)
    pairs = []
    for _ in range(1500):
        u = chance.randrange(120)
        within = chance.random() < 0.8
        pairs.append((u, u % 8 + 8 * chance.randrange(15) if within else chance.randrange(120)))
    return 120, pairs, [chance.random() for _ in pairs]


@pytest.mark.parametrize("seed", range(4))
def test_no_worse_than_networkx_and_the_groups_that_were_planted(seed):
    count, pairs, weights = planted(seed)
    result = communities(graph(count, pairs, weights))
    plain = oracle(count, pairs, weights)
    theirs = nx.community.louvain_communities(plain, seed=seed)
    assert result.modularity >= nx.community.modularity(plain, theirs) - 0.02
    assert result.members == [list(range(group, 120, 8)) for group in range(8)]


def noise(seed: int, pairs: int = 900) -> tuple[int, list[tuple[int, int]], list[float]]:
    """No groups at all: here every step of the method hangs on the seed."""
    chance = random.Random(seed)
    ends = [(chance.randrange(100), chance.randrange(100)) for _ in range(pairs)]
    return 100, ends, [chance.random() for _ in ends]


def test_repeatable_for_a_seed_whatever_the_order_of_the_rows():
    count, pairs, weights = noise(1)
    pairs, weights = pairs * 3, [*weights, *weights[::-1], *weights]
    table = edges([u for u, _ in pairs], [v for _, v in pairs], **scores(len(pairs), weights))
    first = communities(build(nodes(count), table), seed=5)
    for chance in range(3):
        order = random.Random(chance).sample(range(len(pairs)), len(pairs))
        again = communities(build(nodes(count), table.take(order)), seed=5)
        assert again == first


def test_the_seed_counts():
    items = [communities(graph(*noise(1)), seed=seed).members for seed in range(4)]
    assert any(members != items[0] for members in items)


def test_null_weights_fall_back_to_confidence():
    """0-1 and 2-3 by what is sure, 0-2 and 1-3 by what is not."""
    pairs = [(0, 1), (2, 3), (0, 2), (1, 3)]
    result = communities(graph(4, pairs, [None, 1.0, None, 0.1], [1.0, 0.1, 0.1, 1.0]))
    weighted = oracle(4, pairs, [1.0, 1.0, 0.1, 0.1])
    assert result.members == [[0, 1], [2, 3]]
    assert result.modularity == pytest.approx(nx.community.modularity(weighted, result.members))
    assert result.weights_used == {"causal_score": 2, "confidence_score": 2}


def test_without_edges_everybody_is_alone():
    for pairs, causal in (([], []), ([(0, None), (GONE, 1)], []), ([(0, 1), (1, 2)], [0, 0])):
        result = communities(graph(3, pairs, causal))
        assert result.members == [[0], [1], [2]]
        assert result.modularity is None
    assert communities(graph(0, [])).members == []


def test_many_edges_between_few_nodes():
    loops = communities(graph(1, [(0, 0)] * 100_000))
    assert (loops.members, loops.modularity) == ([[0]], 0)
    parallel = communities(graph(2, [(0, 1)] * 1_000_000))
    assert (parallel.members, parallel.modularity) == ([[0, 1]], 0)
