"""In-process caches with a size limit in bytes and least-recently-used eviction."""

from collections.abc import Callable, Hashable
from threading import Lock

from cachetools import LRUCache
from django.conf import settings

from graph.engine.graph import Graph
from graph.enrich.check.payment_history import History


class BoundedCache[Value]:
    """A thread-safe cache whose values have at most `bound()` bytes in all. It drops the value
    that was not used for longest. With a bound of 0 it stores nothing."""

    def __init__(self, bound: Callable[[], int]) -> None:
        self._bound = bound
        self._entries: LRUCache[Hashable, tuple[Value, int]] = LRUCache(0, _nbytes)
        self._lock = Lock()

    def get(self, name: Hashable) -> Value | None:
        with self._lock:
            entry = self._entries.get(name)
        return None if entry is None else entry[0]

    def put(self, name: Hashable, value: Value, nbytes: int) -> None:
        """Store the value, unless it is larger than the bound."""
        bound = self._bound()
        if not bound or nbytes > bound:  # a value of 0 bytes would never be evicted
            return
        with self._lock:
            if bound != self._entries.maxsize:
                self._entries = LRUCache(bound, _nbytes)
            self._entries[name] = value, nbytes

    def forget(self) -> None:
        with self._lock:
            self._entries.clear()


def _nbytes(entry: tuple[object, int]) -> int:
    return entry[1]


graphs: BoundedCache[Graph] = BoundedCache(lambda: int(settings.GRAPH_CACHE["memory"]))
answers: BoundedCache[bytes] = BoundedCache(lambda: settings.ANSWERS_MEMORY)
histories: BoundedCache[History] = BoundedCache(lambda: settings.CHECKS_MEMORY)
