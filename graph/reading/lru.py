"""In-process caches with a size limit in bytes and least-recently-used eviction."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from django.conf import settings

from graph.engine.graph import Graph


class Kept[Value]:
    """An LRU cache of at most `bound()` bytes. With a bound of 0 it stores nothing."""

    def __init__(self, bound: Callable[[], int]) -> None:
        self._bound = bound
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._bytes = 0
        self._changing = threading.Lock()

    def get(self, name: Hashable) -> Value | None:
        with self._changing:
            if name not in self._values:
                return None
            self._values.move_to_end(name)
            return self._values[name][0]

    def put(self, name: Hashable, value: Value, nbytes: int) -> None:
        """Store the value, unless it is larger than the bound."""
        bound = self._bound()
        if not bound or nbytes > bound:  # a value of 0 bytes would never be evicted
            return
        with self._changing:
            self._bytes += nbytes - self._values.pop(name, (value, 0))[1]
            self._values[name] = value, nbytes
            while self._bytes > bound:
                _, (_, dropped) = self._values.popitem(last=False)
                self._bytes -= dropped

    def forget(self) -> None:
        with self._changing:
            self._values.clear()
            self._bytes = 0


graphs: Kept[Graph] = Kept(lambda: int(settings.GRAPH_CACHE["memory"]))
answers: Kept[bytes] = Kept(lambda: settings.ANSWERS_MEMORY)
