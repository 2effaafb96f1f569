"""The bounded shortest path, against every walk there is."""

import math
import random
from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.engine.graph import Graph, build
from graph.engine.paths import LEAST_SCORE, Hop, Path, shortest_path
from tests.graph.engine.tables import GONE, edges, graph, nodes, scores

NODES = 4
node = st.integers(0, NODES - 1)
score = st.integers(1, 20).map(lambda n: n / 20)
rows = st.lists(st.tuples(node, node, st.one_of(st.none(), score), score), max_size=7)
length = st.integers(1, 5)
direction = st.sampled_from(["any", "out"])
weight = st.sampled_from(["causal_score", "confidence_score"])


def made(rows) -> Graph:
    return graph(
        NODES, [row[:2] for row in rows], [causal for *_, causal, _ in rows], [c for *_, c in rows]
    )


def steps(rows, here, direction) -> Iterator[Hop]:
    for i, (u, v, *_) in enumerate(rows):
        if u == here:
            yield Hop(i, u, v, forward=True)
        if v == here and direction == "any":
            yield Hop(i, v, u, forward=False)


def walks(rows, source, target, max_length, direction) -> Iterator[list[Hop]]:
    """Every walk of at most `max_length` edges, whatever it costs."""
    reached: list[list[Hop]] = [[]]
    for _ in range(max_length + 1):
        yield from (w for w in reached if (w[-1].target if w else source) == target)
        reached = [
            [*walk, hop]
            for walk in reached
            for hop in steps(rows, walk[-1].target if walk else source, direction)
        ]


def probability(rows, walk: list[Hop], weight: str) -> float:
    chances = []
    for hop in walk:
        *_, causal, confidence = rows[hop.edge]
        chances.append(confidence if weight == "confidence_score" or causal is None else causal)
    return math.prod(chances)


@given(rows, node, node, st.integers(1, 4), direction)
def test_without_weights_it_is_the_first_of_the_shortest_walks(rows, source, target, most, way):
    result = shortest_path(made(rows), source, target, max_length=most, direction=way)
    every = walks(rows, source, target, most, way)
    best = min(
        every, key=lambda w: (len(w), [(h.edge, not h.forward) for h in w[::-1]]), default=None
    )
    assert (None if result is None else result.hops) == best
    if result is not None:
        assert result.cost == len(result.hops)
        assert result.weights_used == {}


@given(rows, node, node, st.integers(1, 4), st.tuples(direction, weight))
def test_with_weights_no_walk_is_likelier(rows, source, target, most, options):
    way, weight = options
    result = shortest_path(
        made(rows), source, target, max_length=most, weight=weight, direction=way
    )
    every = list(walks(rows, source, target, most, way))
    if result is None:
        assert every == []
        return
    assert result.hops in every
    likeliest = max(probability(rows, walk, weight) for walk in every)
    assert probability(rows, result.hops, weight) == pytest.approx(likeliest)
    assert math.exp(-result.cost) == pytest.approx(likeliest)


@given(rows.flatmap(lambda r: st.tuples(st.just(r), st.permutations(range(len(r))))), length)
def test_the_order_of_the_rows_does_not_matter(shuffled, most):
    rows, order = shuffled
    table = edges(
        [u for u, *_ in rows],
        [v for _, v, *_ in rows],
        **scores(len(rows), [c for *_, c, _ in rows], [c for *_, c in rows]),
    )
    first = build(nodes(NODES), table)
    second = build(nodes(NODES), table.take(pa.array(order, pa.int64())))
    for options in ({}, {"weight": "causal_score"}, {"direction": "out"}):
        assert named(first, most, **options) == named(second, most, **options)


def named(graph: Graph, max_length: int, **options) -> list[tuple[object, bool]] | None:
    """The path from 0 to 1 by its edges' ids."""
    path = shortest_path(graph, 0, 1, max_length=max_length, **options)
    ids = graph.edges["id"].to_pylist()
    return None if path is None else [(ids[hop.edge], hop.forward) for hop in path.hops]


def test_a_length_is_the_most_edges_there_may_be():
    chain = graph(4, [(0, 1), (1, 2), (2, 3)])
    assert shortest_path(chain, 0, 3, max_length=2) is None
    assert [hop.edge for hop in shortest_path(chain, 0, 3, max_length=3).hops] == [0, 1, 2]
    assert shortest_path(chain, 3, 0, max_length=3, direction="out") is None


def test_the_bound_counts_edges_even_where_a_longer_way_is_cheaper():
    """0 → 1 → 2 → 3 is surer than 0 → 3, but longer than 2."""
    rows = [(0, 1, None, 1.0), (1, 2, None, 1.0), (2, 3, None, 1.0), (0, 3, None, 0.5)]
    long = shortest_path(made(rows), 0, 3, max_length=3, weight="causal_score")
    short = shortest_path(made(rows), 0, 3, max_length=2, weight="causal_score")
    assert [hop.edge for hop in long.hops] == [0, 1, 2]
    assert [hop.edge for hop in short.hops] == [3]
    assert (long.cost, short.cost) == (0, pytest.approx(math.log(2)))


def test_source_and_target_may_be_one():
    for made_of in ([], [(0, 0)], [(0, 1), (1, 0)]):
        assert shortest_path(graph(2, made_of), 0, 0, max_length=1) == Path([], 0.0, {})


def test_the_best_of_parallel_edges_is_taken_and_the_first_of_equals():
    parallel = graph(2, [(0, 1)] * 4, [0.2, 0.9, None, 0.9], [1, 1, 0.5, 1])
    assert [hop.edge for hop in shortest_path(parallel, 0, 1, max_length=1).hops] == [0]
    weighted = shortest_path(parallel, 0, 1, max_length=1, weight="causal_score")
    assert [hop.edge for hop in weighted.hops] == [1]
    assert weighted.weights_used == {"causal_score": 3, "confidence_score": 1}


def test_of_equally_cheap_paths_the_one_with_fewer_edges_wins():
    """Sure edges cost nothing, so that any number of them costs the same."""
    sure = graph(3, [(0, 1), (1, 2), (0, 2)])
    result = shortest_path(sure, 0, 2, max_length=5, weight="causal_score")
    assert [hop.edge for hop in result.hops] == [2]


def test_the_fallback_is_the_edges_own_confidence():
    rows = [(0, 1, None, 0.9), (0, 1, 0.8, 1.0)]
    result = shortest_path(made(rows), 0, 1, max_length=1, weight="causal_score")
    assert [hop.edge for hop in result.hops] == [0]
    assert result.cost == pytest.approx(-math.log(0.9))


def test_a_score_of_zero_is_the_last_resort_and_no_wall():
    rows = [(0, 1, 0.0, 1.0), (0, 2, 0.01, 1.0), (2, 1, 0.01, 1.0)]
    around = shortest_path(made(rows), 0, 1, max_length=2, weight="causal_score")
    through = shortest_path(made(rows), 0, 1, max_length=1, weight="causal_score")
    assert [hop.edge for hop in around.hops] == [1, 2]
    assert [hop.edge for hop in through.hops] == [0]
    assert through.cost == pytest.approx(-math.log(LEAST_SCORE))


def test_loops_and_what_is_no_edge_lead_nowhere():
    assert shortest_path(graph(2, [(0, 0), (1, 1)]), 0, 1, max_length=5) is None
    assert shortest_path(graph(2, [(0, None), (None, 1), (0, GONE)]), 0, 1, max_length=5) is None
    result = shortest_path(graph(2, [(0, 0), (0, 1)]), 0, 1, max_length=5)
    assert result.hops == [Hop(1, 0, 1, forward=True)]


def test_a_million_parallel_edges_and_a_hundred_thousand_loops():
    many = [(0, 1)] * 1_000_000 + [(0, 0)] * 100_000 + [(1, 2)]
    result = shortest_path(graph(3, many), 0, 2, max_length=20, weight="causal_score")
    assert [hop.edge for hop in result.hops] == [0, 1_100_000]


def test_a_long_chain_ends_at_its_bound():
    """A ring of 2,000: within 1,000 steps either way there is a path to everybody."""
    count = 2000
    ring = graph(count, [(i, (i + 1) % count) for i in range(count)])
    far = random.Random(7).randrange(1001, count)
    assert len(shortest_path(ring, 0, far, max_length=1000).hops) == count - far
    assert shortest_path(ring, 0, 1000, max_length=999) is None
