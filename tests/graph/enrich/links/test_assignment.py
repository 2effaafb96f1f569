"""The assignment against the slow, obvious one: every way of pairing, the heaviest."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.enrich.links import assignment
from graph.enrich.links.assignment import assign

EDGES = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(-3, 20), max_size=9
)


def columns(edges: dict[tuple[int, int], int]) -> list[np.ndarray]:
    left = np.array([one for one, _ in edges], dtype=np.int64)
    right = np.array([other for _, other in edges], dtype=np.int64)
    return [left, right, np.array(list(edges.values()), dtype=np.float64)]


def heaviest(edges: dict[tuple[int, int], int]) -> int:
    best = 0
    for flags in product((0, 1), repeat=len(edges)):
        edges_chosen = [edge for edge, is_in in zip(edges, flags, strict=True) if is_in]
        if all(len({edge[side] for edge in edges_chosen}) == len(edges_chosen) for side in (0, 1)):
            best = max(best, sum(edges[edge] for edge in edges_chosen))
    return best


@given(EDGES)
def test_the_heaviest_of_all_pairings(edges):
    left, right, weight = columns(edges)
    assigned = assign(left, right, weight)
    assert weight[assigned].sum() == heaviest(edges)
    assert (weight[assigned] > 0).all()
    for side in (left, right):
        assert len(set(side[assigned].tolist())) == assigned.sum()


@given(EDGES)
def test_greedy_where_a_component_is_too_large(edges):
    left, right, weight = columns(edges)
    limit, assignment.LARGEST = assignment.LARGEST, 0
    try:
        assigned = assign(left, right, weight)
    finally:
        assignment.LARGEST = limit
    assert 2 * weight[assigned].sum() >= heaviest(edges)
    for side in (left, right):
        assert len(set(side[assigned].tolist())) == assigned.sum()


def test_first_come_would_be_worse():
    edges = {(0, 0): 10, (0, 1): 9, (1, 0): 9}
    assert assign(*columns(edges)).tolist() == [False, True, True]
