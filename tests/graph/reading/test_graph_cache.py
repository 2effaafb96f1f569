"""Built graphs in Redis: found again, never out of date, never another's, never needed."""

import threading
import time
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connections

from graph.engine.ipc import Corrupt, pack, unpack
from graph.engine.networkx.to_networkx import to_networkx
from graph.reading import graph_cache, memory_cache
from graph.reading.load_graph import load as build
from graph.view import refresh
from tests.graph import rows
from tests.oracle.compared import same_graph

pytestmark = pytest.mark.usefixtures("committed")
BOUND = 64 * 2**20


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(committed, monkeypatch):
    """Redis and in-process entries are gone before and after; the process keeps none by itself."""
    usual, own = graph_cache.PREFIX, f"test:{uuid4()}:"  # other tests use the same Redis meanwhile
    for name in ("PREFIX", "USED", "SIZES"):
        monkeypatch.setattr(graph_cache, name, getattr(graph_cache, name).replace(usual, own))
    monkeypatch.setitem(settings.GRAPH_CACHE, "bytes", BOUND)
    monkeypatch.setitem(settings.GRAPH_CACHE, "memory", 0)
    graph_cache.redis.cache_clear()
    empty()
    yield
    graph_cache.redis.cache_clear()
    empty()


def empty():
    for name in graph_cache.redis().scan_iter(f"{graph_cache.PREFIX}*"):
        graph_cache.redis().delete(name)
    memory_cache.graphs.forget()


def entries():
    return sorted(
        name
        for name in graph_cache.redis().scan_iter(f"{graph_cache.PREFIX}*")
        if name.decode() not in {graph_cache.USED, graph_cache.SIZES}
    )


def books():
    user = rows.tenant_id()
    payer, payee = rows.entity(user, "Works"), rows.entity(user, "Acme")
    rows.payment(user, payer, payee, amount=3, reason="said once")
    refresh.refresh()
    return user, payer, payee


def test_a_kept_graph_is_the_built_one():
    user, *_ = books()
    first, queries = graph_cache.load(user)
    again, queries_again = graph_cache.load(user)
    assert (queries, queries_again) == (3, 1)
    assert same_graph(to_networkx(again), to_networkx(build(user)[0]))
    assert again.version == first.version
    assert again.edges.schema == first.edges.schema


def test_a_change_is_seen_at_once():
    user, payer, payee = books()
    assert graph_cache.load(user)[0].edge_count == 1
    rows.payment(user, payer, payee)
    assert graph_cache.load(user)[0].edge_count == 2
    assert graph_cache.load(user)[1] == 1


def test_tenants_columns_and_classes_have_entries_of_their_own():
    one, *_ = books()
    other, *_ = books()
    for user in (one, other):
        graph_cache.load(user, ["amount"])
        graph_cache.load(user, ["reason"])
        graph_cache.load(user, ["reason"], edge_class="flow")
    assert len(entries()) == 6
    assert graph_cache.load(one, ["amount"])[0].edges.column_names == ["id", "amount"]
    assert (
        graph_cache.load(one, ["amount"])[0].node_ids()
        != graph_cache.load(other, ["amount"])[0].node_ids()
    )


@pytest.mark.parametrize("harm", ["cut", "changed", "another's", "text", "empty"])
def test_a_damaged_or_foreign_entry_is_built_anew(harm):
    user, *_ = books()
    other, *_ = books()
    graph_cache.load(other)
    (foreign,) = entries()
    graph_cache.load(user)
    (mine,) = set(entries()) - {foreign}
    whole = graph_cache.redis().get(mine)
    damaged = {
        "cut": whole[:-9],
        "changed": whole[:-40] + b"!" + whole[-39:],
        "another's": graph_cache.redis().get(foreign),
        "text": b"\x80\x04 not a graph",
        "empty": b"",
    }[harm]
    graph_cache.redis().set(mine, damaged)
    graph, queries = graph_cache.load(user)
    assert queries == 3
    assert same_graph(to_networkx(graph), to_networkx(build(user)[0]))
    assert graph_cache.load(user)[1] == 1


def test_without_redis_it_is_built(monkeypatch, tmp_path):
    user, *_ = books()
    monkeypatch.setattr(settings, "REDIS_URL", f"unix://{tmp_path}/nobody.sock")
    graph_cache.redis.cache_clear()
    for _ in range(2):
        graph, queries = graph_cache.load(user)
        assert (graph.edge_count, queries) == (1, 3)
    monkeypatch.undo()
    graph_cache.redis.cache_clear()


def test_entries_beyond_the_bound_are_dropped_the_oldest_first(monkeypatch):
    users = [books()[0] for _ in range(4)]
    graph_cache.load(users[0])
    size = graph_cache.redis().strlen(entries()[0])
    monkeypatch.setitem(settings.GRAPH_CACHE, "bytes", int(2.5 * size))
    for user in users[1:3]:
        graph_cache.load(user)
    assert graph_cache.load(users[1])[1] == 1  # used again
    graph_cache.load(users[3])
    assert [graph_cache.load(user)[1] for user in (users[1], users[3])] == [1, 1]
    assert len(entries()) == 2
    assert sum(map(int, graph_cache.redis().hvals(graph_cache.SIZES))) <= 2.5 * size


def test_a_graph_larger_than_the_bound_is_not_kept(monkeypatch):
    user, *_ = books()
    monkeypatch.setitem(settings.GRAPH_CACHE, "bytes", 100)
    assert graph_cache.load(user)[1] == 3
    assert entries() == []


def test_one_builds_while_the_others_wait(monkeypatch):
    user, *_ = books()
    builds = []

    def slowly(*given, **options):
        builds.append(given)
        time.sleep(0.3)
        return build(*given, **options)

    monkeypatch.setattr(graph_cache, "build", slowly)
    result = together(6, lambda: graph_cache.load(user)[0].edge_count)
    assert result == [1] * 6
    assert len(builds) == 1


def test_what_was_built_between_the_look_and_the_lock_is_not_built_again(monkeypatch):
    user, *_ = books()
    graph_cache.load(user)
    cached, looks = graph_cache._cached, []
    monkeypatch.setattr(
        graph_cache, "_cached", lambda key: cached(key) if looks else looks.append(key)
    )
    assert graph_cache.load(user)[1] == 1, "no build"
    assert len(looks) == 1


def test_a_builder_that_died_is_not_waited_for_for_ever(monkeypatch):
    user, *_ = books()
    monkeypatch.setitem(settings.GRAPH_CACHE, "timeout", 0.2)
    key = graph_cache.Key(user, build(user)[0].version, tuple(sorted(graph_cache.ALL)), None)
    graph_cache.redis().set(f"{key.name}:building", "nobody")
    assert graph_cache.load(user)[0].edge_count == 1


def together(count, work):
    items = []

    def one():
        try:
            items.append(work())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return items


def test_the_process_keeps_what_it_may(monkeypatch):
    users = [books()[0] for _ in range(3)]
    size = graph_cache.load(users[0])[0].nbytes
    empty()
    monkeypatch.setitem(settings.GRAPH_CACHE, "bytes", 0)
    monkeypatch.setitem(settings.GRAPH_CACHE, "memory", int(2.5 * size))
    graphs = [graph_cache.load(user)[0] for user in users]
    assert [graph_cache.load(user)[1] for user in users[1:]] == [1, 1]
    assert graph_cache.load(users[2])[0] is graphs[2]
    assert graph_cache.load(users[0])[1] == 3
    assert entries() == []


def test_a_graph_of_nothing_travels_too():
    graph, _ = build(rows.tenant_id())
    same = unpack(pack(graph, {"a": 1}), {"a": 1})
    assert (same.node_count, same.edge_count) == (0, 0)
    assert same.edges.schema == graph.edges.schema
    with pytest.raises(Corrupt, match="another graph"):
        unpack(pack(graph, {"a": 1}), {"a": 2})
