"""The simple graph under the multigraph, against a loop over the edges."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.engine.projection import adjacency, pairs
from tests.graph.engine.tables import graph

COUNT = 4
node = st.integers(0, COUNT - 1)
rows = st.lists(st.tuples(node, node), max_size=12)


@pytest.mark.parametrize("direction", ["any", "out"])
@given(ends=rows, data=st.data())
def test_adjacency_adds_up_parallel_edges(direction, ends, data):
    weights = data.draw(st.lists(st.floats(0, 1), min_size=len(ends), max_size=len(ends)))
    sums = Counter()
    for (u, v), weight in zip(ends, weights, strict=True):
        sums[u, v] += weight
        if direction == "any" and u != v:
            sums[v, u] += weight
    result = adjacency(graph(COUNT, ends), np.array(weights), direction).toarray()
    expected = [[sums[u, v] for v in range(COUNT)] for u in range(COUNT)]
    assert result == pytest.approx(np.array(expected, dtype=float), abs=1e-11)


def test_sums_do_not_depend_on_the_order_of_the_edges():
    """0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 to the last bit."""
    parallel = graph(2, [(0, 1)] * 3)
    sums = {adjacency(parallel, np.array(w))[0, 1] for w in permutations((0.1, 0.2, 0.3))}
    assert sums == {0.6}


@given(ends=rows)
def test_pairs_are_distinct_and_no_loops(ends):
    directed = graph(COUNT, ends)
    distinct = sorted({(u, v) for u, v in ends if u != v})
    assert pairs(directed, "out").tolist() == [list(pair) for pair in distinct]
    either = sorted({(min(pair), max(pair)) for pair in distinct})
    assert pairs(directed, "any").tolist() == [list(pair) for pair in either]


def test_no_nodes():
    assert pairs(graph(0, [])).shape == (0, 2)
    assert adjacency(graph(0, []), np.zeros(0)).shape == (0, 0)
