"""Graphs that this process keeps, the least recently used dropped first. Off unless asked for."""

import threading
from collections import OrderedDict

from django.conf import settings

from graph.engine.graph import Graph

_kept: OrderedDict[str, Graph] = OrderedDict()
_changing = threading.Lock()


def get(name: str) -> Graph | None:
    with _changing:
        if name in _kept:
            _kept.move_to_end(name)
        return _kept.get(name)


def put(name: str, graph: Graph) -> None:
    """Keep it, if it fits into GRAPH_CACHE["memory"] bytes at all."""
    bound = settings.GRAPH_CACHE["memory"]
    if not bound or graph.nbytes > bound:  # an empty graph takes no bytes, and would stay
        return
    with _changing:
        _kept[name] = graph
        _kept.move_to_end(name)
        while sum(each.nbytes for each in _kept.values()) > bound:
            _kept.popitem(last=False)


def forget() -> None:
    with _changing:
        _kept.clear()
