"""Caches built graphs in Redis, keyed by tenant, data version and columns.

An entry is never stale: its key contains the version, which every read asks the database for. One
process builds a graph while the others wait. If Redis is down, slow or empty, or an entry is
damaged or evicted, the graph is built again.
"""

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections
from redis import Redis
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from graph import metrics
from graph.database import past
from graph.engine.graph import Graph
from graph.engine.ipc import Corrupt, pack, unpack
from graph.reading import memory_cache
from graph.reading.load_graph import ALL
from graph.reading.load_graph import load as build
from graph.view import version as view_version

logger = logging.getLogger(__name__)
PREFIX = "finley:graph:"
USED, SIZES = f"{PREFIX}used", f"{PREFIX}sizes"
PAUSE = 0.03  # seconds between two checks for a graph that another process builds

# Records an entry's size and last use; evicts least recently used entries above the size limit.
REMEMBER = """
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
local total = 0
for _, size in ipairs(redis.call('HVALS', KEYS[2])) do total = total + size end
while total > tonumber(ARGV[4]) do
    local oldest = redis.call('ZPOPMIN', KEYS[1])[1]
    if not oldest then break end
    total = total - (redis.call('HGET', KEYS[2], oldest) or 0)
    redis.call('HDEL', KEYS[2], oldest)
    redis.call('UNLINK', oldest)
end
"""


@dataclass(frozen=True, slots=True)
class Key:
    """Identifies a graph. `label` is stored in the entry and checked when the entry is read."""

    user_id: UUID
    version: str
    columns: tuple[str, ...]
    edge_class: str | None

    @property
    def label(self) -> dict[str, Any]:
        database = connections["default"].settings_dict
        return {
            "database": f"{database.get('HOST')}/{database['NAME']}",
            "tenant": str(self.user_id),
            "version": self.version,
            "columns": list(self.columns),
            "edge_class": self.edge_class,
        }

    @property
    def name(self) -> str:
        text = json.dumps(self.label).encode()
        return f"{PREFIX}{self.user_id}:{hashlib.blake2b(text, digest_size=16).hexdigest()}"


def load(
    user_id: UUID, columns: Sequence[str] = ALL, *, edge_class: str | None = None
) -> tuple[Graph, int]:
    """Return the graph, and the number of queries needed (1 if it was cached). Raises what
    graph.reading.load_graph.load raises."""
    past.require_present()
    if not settings.GRAPH_CACHE["bytes"] and not settings.GRAPH_CACHE["memory"]:
        return build(user_id, columns, edge_class=edge_class)
    names = tuple(sorted(set(columns)))
    give_up = time.monotonic() + settings.GRAPH_CACHE["timeout"]
    version = view_version.read_version(user_id)
    while True:
        key = Key(user_id, version, names, edge_class)
        if (cached := _cached(key)) is not None:
            return cached, 1
        with _building(key, wait=time.monotonic() < give_up) as mine:
            if mine:
                if (cached := _cached(key)) is not None:  # built between the look and the lock
                    return cached, 1
                metrics.cached("miss")
                graph, queries = build(user_id, names, edge_class=edge_class)
                _keep(Key(user_id, graph.version, names, edge_class), graph)
                return graph, queries + 1
        time.sleep(PAUSE)
        version = view_version.version(user_id)


@cache
def redis() -> Redis:
    """Return the process's Redis client for cached graphs. Responses are bytes."""
    timeout = settings.GRAPH_CACHE["redis_timeout"]
    return Redis.from_url(
        str(settings.REDIS_URL), socket_timeout=timeout, socket_connect_timeout=timeout
    )


def _cached(key: Key) -> Graph | None:
    if (graph_in_memory := memory_cache.graphs.get(key.name)) is not None:
        metrics.cached("process")
        return graph_in_memory
    if not settings.GRAPH_CACHE["bytes"]:
        return None
    try:
        packed: Any = redis().get(key.name)
        if packed is None:
            return None
        redis().zadd(USED, {key.name: time.time()}, xx=True)
        graph = _unpacked(packed, key)
    except RedisError as error:
        metrics.cached("away")
        logger.warning("The graph cache is not available: %s", type(error).__name__)
        return None
    except (Corrupt, ValueError, OSError) as error:
        metrics.cached("damaged")
        logger.warning("Dropping a damaged entry of the graph cache: %s", error)
        _drop(key)
        return None
    metrics.cached("redis")
    memory_cache.graphs.put(key.name, graph, graph.nbytes)
    return graph


def _unpacked(packed: bytes, key: Key) -> Graph:
    build_metrics = metrics.Build()
    with build_metrics.phase("unpack"):
        graph = unpack(packed, key.label)
    build_metrics.done(graph.edge_count)
    return graph


def _keep(key: Key, graph: Graph) -> None:
    memory_cache.graphs.put(key.name, graph, graph.nbytes)
    bound = settings.GRAPH_CACHE["bytes"]
    if not bound or graph.nbytes > bound:
        return
    packed = pack(graph, key.label)
    if len(packed) > bound:
        return
    try:
        redis().set(key.name, packed, ex=int(settings.GRAPH_CACHE["seconds"]))
        usage = (key.name, str(time.time()), str(len(packed)), str(bound))
        redis().eval(REMEMBER, 2, USED, SIZES, *usage)
    except RedisError as error:
        logger.warning("A graph was not cached: %s", type(error).__name__)


def _drop(key: Key) -> None:
    try:
        redis().unlink(key.name)
    except RedisError as error:
        logger.warning("A damaged entry was not dropped: %s", type(error).__name__)


@contextmanager
def _building(key: Key, *, wait: bool) -> Iterator[bool]:
    """Yield whether this thread must build the graph: False if another thread or process holds the
    lock in Redis to build it. The lock is released at the end of the context.

    With `wait` false, or without Redis, it yields True in any case: the graph may be built twice.
    """
    lock = redis().lock(f"{key.name}:building", timeout=settings.GRAPH_CACHE["timeout"])
    try:
        mine = lock.acquire(blocking=False)
    except RedisError:
        yield True
        return
    try:
        yield mine or not wait
    finally:
        if mine:
            _release(lock)


def _release(lock: Lock) -> None:
    try:
        lock.release()
    except LockError:
        logger.info("A graph took longer to build than its lock lasts")
    except RedisError as error:
        logger.warning("A build lock stays until its timeout: %s", type(error).__name__)
