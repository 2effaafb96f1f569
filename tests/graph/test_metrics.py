"""What a process counts of its graphs: phases and sizes, where they were found, who waits."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import pytest
from prometheus_client import REGISTRY

from graph import metrics
from graph.database import arrow
from graph.errors import GraphError
from graph.reading import graph_cache
from graph.reading.load_graph import load
from graph.view import refresh
from tests.graph import rows

PHASES = ("connect", "nodes", "edges", "index")


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def built(size: str = "1000") -> list[float]:
    name = "finley_graph_build_seconds_count"
    return [count(name, phase=phase, size=size) for phase in PHASES]


def found() -> dict[str, float]:
    return {
        outcome: count("finley_graph_cache_total", outcome=outcome)
        for outcome in get_args(metrics.CacheOutcome)
    }


def changed(before: dict[str, float]) -> dict[str, float]:
    return {outcome: n - before[outcome] for outcome, n in found().items() if n != before[outcome]}


@pytest.mark.parametrize(
    ("edges", "size"),
    [(0, "1000"), (1000, "1000"), (1001, "10000"), (10**6, "1000000"), (10**6 + 1, "more")],
)
def test_a_size_is_the_least_bound(edges, size):
    assert metrics.size(edges) == size


def test_each_phase_of_a_build_is_counted_once(tenant):
    rows.payment(tenant.id, rows.entity(tenant.id, "a"), rows.entity(tenant.id, "b"))
    refresh.refresh()
    before = built()
    load(tenant.id)
    assert built() == [n + 1 for n in before]


def test_where_a_graph_was_found_is_counted(tenant, settings):
    settings.GRAPH_CACHE = {**settings.GRAPH_CACHE, "bytes": 2**20, "memory": 0}
    refresh.refresh()
    before = found()
    graph_cache.load(tenant.id)
    assert changed(before) == {"miss": 1}
    unpacked = count("finley_graph_build_seconds_count", phase="unpack", size="1000")
    graph_cache.load(tenant.id)
    assert changed(before) == {"miss": 1, "redis": 1}
    assert count("finley_graph_build_seconds_count", phase="unpack", size="1000") == unpacked + 1
    settings.GRAPH_CACHE = {**settings.GRAPH_CACHE, "memory": 2**20}
    graph_cache.load(tenant.id)
    graph_cache.load(tenant.id)
    assert changed(before) == {"miss": 1, "redis": 2, "process": 1}


def test_a_damaged_entry_is_counted(tenant, settings):
    settings.GRAPH_CACHE = {**settings.GRAPH_CACHE, "bytes": 2**20, "memory": 0}
    refresh.refresh()
    graph_cache.load(tenant.id)
    (name,) = graph_cache.redis().keys(f"{graph_cache.PREFIX}{tenant.id}:*")
    graph_cache.redis().set(name, b"no graph")
    before = found()
    graph_cache.load(tenant.id)
    assert changed(before) == {"damaged": 1, "miss": 1}


@contextmanager
def held(pool: arrow.Pool) -> Iterator[None]:
    """A connection of the pool is another thread's."""
    is_held, end = threading.Event(), threading.Event()

    def hold() -> None:
        with pool.transaction("SELECT 1"):
            is_held.set()
            end.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_held.wait(10)
    try:
        yield
    finally:
        end.set()
        thread.join(10)


def ask(pool: arrow.Pool) -> None:
    with pool.transaction("SELECT 1"):
        pass


def test_who_gets_no_connection_in_time_is_counted(tenant):
    pool = arrow.Pool(arrow.pool().conninfo, size=1, timeout_seconds=0.2)
    with held(pool):
        with pytest.raises(GraphError, match="free"):
            ask(pool)
        state = pool.state()
    assert (state.most, state.size, state.idle, state.waiting) == (1, 1, 0, 0)
    assert (state.waits, state.refused) == (1, 1)
    assert 0.2 <= state.wait_seconds < 5
    assert pool.state().idle == 1
    pool.close()


def test_who_waits_for_a_connection_is_counted(tenant):
    pool = arrow.Pool(arrow.pool().conninfo, size=1, timeout_seconds=10)
    waiting = threading.Thread(target=ask, args=[pool])
    with held(pool):
        waiting.start()
        until = time.monotonic() + 10
        while pool.state().waiting == 0 and time.monotonic() < until:
            time.sleep(0.01)
        assert pool.state().waiting == 1
    waiting.join(10)
    state = pool.state()
    assert (state.waiting, state.waits, state.refused, state.size) == (0, 1, 0, 1)
    pool.close()
