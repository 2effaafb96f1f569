"""The k shortest paths, neighbourhoods and filters, against networkx and plain Python."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.engine.edge_filters import Only
from graph.engine.graph import build
from graph.engine.k_shortest import k_shortest
from graph.engine.neighbourhood import neighbourhood
from graph.engine.paths import costs_of, shortest_path
from tests.graph.engine import tables

DIRECTIONS = st.sampled_from(["any", "out"])


@st.composite
def books(draw, rows=12):
    count = draw(st.integers(1, 7))
    end = st.integers(0, count - 1)
    score = st.integers(1, 10).map(lambda n: n / 10)
    row = st.tuples(end, end, st.one_of(st.none(), score), score)
    edges = draw(st.lists(row, max_size=rows))
    ends = [row[:2] for row in edges]
    return tables.graph(count, ends, [c for *_, c, _ in edges], [c for *_, c in edges])


def oracle(graph, costs, direction):
    """The cheapest edge between any two nodes."""
    cheapest = nx.Graph() if direction == "any" else nx.DiGraph()
    cheapest.add_nodes_from(range(graph.node_count))
    for u, v, cost in zip(graph.source, graph.target, costs, strict=True):
        if u != v and not (cheapest.has_edge(u, v) and cheapest[u][v]["cost"] <= cost):
            cheapest.add_edge(int(u), int(v), cost=float(cost))
    return cheapest


@settings(max_examples=80)
@given(books(), st.integers(1, 5), st.integers(1, 6), st.data())
def test_k_shortest_are_networkx_s(graph, k, max_length, data):
    source, target = (data.draw(st.integers(0, graph.node_count - 1)) for _ in range(2))
    weight = data.draw(st.sampled_from([None, "causal_score"]))
    direction = data.draw(DIRECTIONS)
    result = k_shortest(
        graph, source, target, k=k, max_length=max_length, weight=weight, direction=direction
    )
    plain = oracle(graph, costs_of(graph, weight)[0], direction)
    expected = []
    if source == target:
        expected = [[source]]
    elif nx.has_path(plain, source, target):
        simple = nx.shortest_simple_paths(plain, source, target, weight="cost" if weight else None)
        expected = list(islice((p for p in simple if len(p) - 1 <= max_length), k))
    costs = [nx.path_weight(plain, path, "cost") for path in expected]
    assert [item.cost for item in result] == pytest.approx(costs)
    for item in result:
        nodes = [source, *(hop.target for hop in item.hops)]
        assert len(set(nodes)) == len(nodes)
        assert nodes[-1] == target
        assert [hop.source for hop in item.hops] == nodes[:-1]
        for hop in item.hops:
            ends = (graph.source[hop.edge], graph.target[hop.edge])
            assert (hop.source, hop.target) == (ends if hop.forward else ends[::-1])
    best = shortest_path(
        graph, source, target, max_length=max_length, weight=weight, direction=direction
    )
    assert (best is not None) == bool(result)
    if best is not None:
        assert result[0].cost == pytest.approx(best.cost)


@settings(max_examples=80)
@given(books(), st.integers(0, 4), st.integers(1, 8), DIRECTIONS, st.data())
def test_a_neighbourhood_is_breadth_first(graph, depth, most, direction, data):
    start = data.draw(st.integers(0, graph.node_count - 1))
    near = neighbourhood(graph, start, depth=depth, most=most, direction=direction)
    plain = oracle(graph, [1.0] * graph.edge_count, direction)
    lengths = nx.single_source_shortest_path_length(plain, start, cutoff=depth)
    expected = sorted(lengths.items(), key=lambda item: (item[1], item[0]))
    assert list(zip(near.nodes, near.distances, strict=True)) == expected[:most]
    assert near.truncated == (len(expected) > most)
    distinct = set(near.nodes)
    ends = zip(graph.source.tolist(), graph.target.tolist(), strict=True)
    assert near.edges == [i for i, (u, v) in enumerate(ends) if u in distinct and v in distinct]


@settings(max_examples=80)
@given(books(), st.integers(1, 8), DIRECTIONS, st.sampled_from([np.add, np.maximum]), st.data())
def test_a_neighbourhood_that_is_cut_keeps_what_is_worth_most(graph, most, direction, total, data):
    start = data.draw(st.integers(0, graph.node_count - 1))
    values = st.lists(st.integers(0, 5), min_size=graph.edge_count, max_size=graph.edge_count)
    worth = np.array(data.draw(values), np.float64)
    near = neighbourhood(
        graph, start, depth=1, most=most, direction=direction, worth=worth, total=total
    )
    sums: dict[int, float] = {}
    pairs = zip(graph.source.tolist(), graph.target.tolist(), worth.tolist(), strict=True)
    for source, target, value in pairs:
        for one, other in ((source, target), (target, source))[: 2 if direction == "any" else 1]:
            if one == start != other:
                sums[other] = float(total(sums.get(other, 0.0), value))
    best = sorted(sums, key=lambda node: (-sums[node], node))[: most - 1]
    assert set(near.nodes) == {start, *best}
    assert near.truncated == (len(sums) > most - 1)


def test_filters_keep_what_all_of_them_keep():
    days = [datetime(2024, 1, 31, 23, 59, tzinfo=UTC) + timedelta(days=n) for n in range(4)]
    graph = build(
        tables.nodes(2),
        tables.edges(
            [0] * 4,
            [1] * 4,
            relationship_type=pa.array(["payment", "settles", "payment", "payment"]),
            confidence_score=pa.array([0.9, 0.9, 0.2, 0.9]),
            occurred_at=pa.array(days, pa.timestamp("us", "UTC")),
            duplicate_transaction_id=pa.array([None, "x", "x", "x"]),
        ),
    )

    def kept(**conditions):
        only = Only(**conditions)
        assert set(only.columns()) <= set(graph.edges.column_names)
        return [str(item) for item in only.of(graph).edges["id"].to_pylist()]

    ids = [tables.edge_id(n) for n in range(4)]
    assert kept() == ids
    assert kept(types=["payment"]) == [ids[0], ids[2], ids[3]]
    assert kept(min_confidence=0.9) == [ids[0], ids[1], ids[3]]
    assert kept(layers=["fraud"]) == ids[1:]
    assert kept(since=date(2024, 2, 1)) == ids[1:]
    assert kept(until=date(2024, 2, 1)) == ids[:2]
    assert kept(since=date(2024, 2, 1), until=date(2024, 2, 1)) == [ids[1]]
    assert kept(types=["payment"], min_confidence=0.5, layers=["fraud"]) == [ids[3]]
    assert Only(types=["none"]).of(graph).node_count == 2
    assert kept(types=["none"]) == []


def test_of_a_payments_views_one_is_kept():
    ids = [tables.edge_id(n) for n in range(6)]
    groups = tables.uuids([0, 0, 2, 2, 2, 0], tables.EDGE)
    kinds = ["payment", "payment", "obligation", "payment", "payment", None]
    graph = build(
        tables.nodes(2),
        tables.edges(
            [0] * 6,
            [1] * 6,
            kind=pa.array(kinds),
            relationship_type=pa.array(["a", "b", "a", "b", "b", "follows"]),
            payment_group_id=groups.take(pa.array([0, 1, 2, 3, 4, None])),  # the last is a link
        ),
    )

    def kept(**conditions):
        return [str(item) for item in Only(**conditions).of(graph).edges["id"].to_pylist()]

    assert kept(once=True) == [ids[0], ids[2], ids[5]]
    assert kept(once=True, types=["b"]) == [ids[1], ids[3]]
    assert kept(kinds=["payment"]) == [ids[0], ids[1], ids[3], ids[4], ids[5]]
    assert kept(kinds=["payment"], once=True) == [ids[0], ids[3], ids[5]]
