"""Shortest paths with networkx's parameters, by SciPy. As in networkx, any of several equally
short paths may be returned."""

import heapq
from collections.abc import Hashable, Iterator
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import breadth_first_order, dijkstra

from graph.engine.topology import Floats, Index, Topology, Unsupported, Weight

NONE = -9999  # SciPy's "no predecessor"
Path = list[Hashable]
Lengths = dict[Hashable, float]


def shortest_path(
    G: Topology,
    source: Hashable = None,
    target: Hashable = None,
    weight: Weight = None,
    method: str = "dijkstra",
) -> Any:
    """Return a shortest path from `source` to `target`, or without a target, a dict: reachable node
    → path.

    Without `weight` each edge has length 1. Raises networkx's NodeNotFound and NetworkXNoPath, and
    Unsupported for a missing source or another method than Dijkstra's.
    """
    _can(G, source, weight, method)
    if target is None:
        return _paths_from(G, source, weight)
    return _path(G, source, target, weight)


def shortest_path_length(
    G: Topology,
    source: Hashable = None,
    target: Hashable = None,
    weight: Weight = None,
    method: str = "dijkstra",
) -> Any:
    _can(G, source, weight, method)
    if target is None:
        return _lengths(G, source, weight, np.inf)
    return _length(G, source, target, weight)


def has_path(G: Topology, source: Hashable, target: Hashable) -> bool:
    _ends(G, source, target)
    _, before = _breadth(G.simple, G.place(source))
    return bool(source == target or before[G.place(target)] >= 0)


def dijkstra_path(
    G: Topology, source: Hashable, target: Hashable, weight: Weight = "weight"
) -> Path:
    _check_ends(G, source, target)
    return _path(G, source, target, weight)


def dijkstra_path_length(
    G: Topology, source: Hashable, target: Hashable, weight: Weight = "weight"
) -> float:
    _check_ends(G, source, target)
    return _length(G, source, target, weight)


def single_source_shortest_path_length(
    G: Topology, source: Hashable, cutoff: float | None = None
) -> Lengths:
    return _lengths(G, source, None, np.inf if cutoff is None else cutoff)


def single_source_dijkstra_path_length(
    G: Topology, source: Hashable, cutoff: float | None = None, weight: Weight = "weight"
) -> Lengths:
    return _lengths(G, source, weight, np.inf if cutoff is None else cutoff)


def shortest_simple_paths(
    G: Topology, source: Hashable, target: Hashable, weight: Weight = None
) -> Iterator[Path]:
    """Yield the paths from `source` to `target` without repeated nodes, cheapest first (Yen,
    1971)."""
    paths = yen(G.cheapest(weight), G.place(source), G.place(target))
    return ([G.labels[place] for place in path] for path in paths)


def yen(costs: sp.csr_array, source: int, target: int) -> Iterator[list[int]]:
    """Yield the paths from row `source` to row `target` of the cost matrix without repeated nodes,
    as lists of rows, cheapest first.

    Paths of equal cost are ordered by their nodes. Raises NetworkXNoPath if there is no path.
    """
    paths: list[list[int]] = []
    first = _cheapest(costs, source, target)
    if first is None:
        raise nx.NetworkXNoPath(f"No path between {source} and {target}.")
    waiting = [first]
    candidates = {tuple(first[1])}
    while waiting:
        _, path = heapq.heappop(waiting)
        yield path
        paths.append(path)
        for i in range(len(path) - 1):
            other = _spur(costs, path[: i + 1], paths, target)
            if other is not None and tuple(other[1]) not in candidates:
                candidates.add(tuple(other[1]))
                heapq.heappush(waiting, other)


def _spur(
    costs: sp.csr_array, root: list[int], paths: list[list[int]], target: int
) -> tuple[float, list[int]] | None:
    """Return (cost, nodes) of the cheapest path that begins with `root` and whose next edge none of
    the `paths` with the same beginning takes.

    Returns None if there is no such path.
    """
    allowed = costs.data.copy()
    allowed[np.isin(costs.indices, root[:-1])] = np.inf
    for path in paths:
        if path[: len(root)] == root and len(path) > len(root):
            allowed[arc(costs, root[-1], path[len(root)])] = np.inf
    remaining = sp.csr_array((allowed, costs.indices, costs.indptr), shape=costs.shape)
    rest = _cheapest(remaining, root[-1], target)
    if rest is None:
        return None
    root_cost = sum(costs.data[arc(costs, u, v)] for u, v in pairwise(root))
    return float(root_cost + rest[0]), root[:-1] + rest[1]


def arc(costs: sp.csr_array, u: int, v: int) -> int:
    start, end = costs.indptr[u], costs.indptr[u + 1]
    return int(start + np.searchsorted(costs.indices[start:end], v))


def _cheapest(costs: sp.csr_array, source: int, target: int) -> tuple[float, list[int]] | None:
    lengths, before = dijkstra(costs, indices=source, return_predecessors=True)
    if not np.isfinite(lengths[target]):
        return None
    return float(lengths[target]), _trace(before, source, target)


def _can(G: Topology, source: Hashable, weight: Weight, method: str) -> None:
    if source is None or method != "dijkstra":
        raise Unsupported("paths from everywhere, or by Bellman and Ford")


def _ends(G: Topology, source: Hashable, target: Hashable) -> None:
    if source not in G.index or target not in G.index:
        raise nx.NodeNotFound(f"Either source {source} or target {target} is not in G")


def _check_ends(G: Topology, source: Hashable, target: Hashable) -> None:
    """Raise NodeNotFound if the graph lacks the source, and NetworkXNoPath if it lacks the target,
    as networkx's Dijkstra functions do."""
    G.place(source)
    if target not in G.index:
        raise nx.NetworkXNoPath(f"Node {target} not reachable from {source}")


def _path(G: Topology, source: Hashable, target: Hashable, weight: Weight) -> Path:
    _ends(G, source, target)
    start, end = G.place(source), G.place(target)
    lengths, before = _distances(G, start, weight, np.inf)
    if not np.isfinite(lengths[end]):
        raise nx.NetworkXNoPath(f"No path between {source} and {target}.")
    return [G.labels[place] for place in _trace(before, start, end)]


def _paths_from(G: Topology, source: Hashable, weight: Weight) -> dict[Hashable, Path]:
    start = G.place(source)
    lengths, before = _distances(G, start, weight, np.inf)
    paths: dict[int, Path] = {start: [source]}
    # A predecessor is at most as far. If equally far (an edge of cost 0), follow the whole trace.
    for place in _by_length(lengths):
        if place not in paths:
            prefix = paths.get(int(before[place]))
            trace = _trace(before, start, place)
            label = G.labels[place]
            paths[place] = [*prefix, label] if prefix else [G.labels[step] for step in trace]
    return {G.labels[place]: path for place, path in paths.items()}


def _length(G: Topology, source: Hashable, target: Hashable, weight: Weight) -> float:
    _ends(G, source, target)
    lengths, _ = _distances(G, G.place(source), weight, np.inf)
    length = lengths[G.place(target)]
    if not np.isfinite(length):
        raise nx.NetworkXNoPath(f"Node {target} not reachable from {source}")
    return int(length) if weight is None else float(length)


def _lengths(G: Topology, source: Hashable, weight: Weight, cutoff: float) -> Lengths:
    lengths, _ = _distances(G, G.place(source), weight, cutoff)
    kind: Any = int if weight is None else float
    return {G.labels[place]: kind(lengths[place]) for place in _by_length(lengths)}


def _by_length(lengths: Floats) -> list[int]:
    order = np.argsort(lengths, kind="stable")
    return [int(place) for place in order[: int(np.isfinite(lengths).sum())]]


def _distances(G: Topology, start: int, weight: Weight, cutoff: float) -> tuple[Floats, Index]:
    """Return (distance, predecessor) of each node on a shortest path from the node `start`.

    A distance above `cutoff` is infinite.
    """
    if weight is None:
        lengths, before = _levels(G.simple, start)
    else:
        lengths, before = dijkstra(G.cheapest(weight), indices=start, return_predecessors=True)
    lengths[lengths > cutoff] = np.inf
    return lengths, before


def _levels(matrix: sp.csr_array, start: int) -> tuple[Floats, Index]:
    """Return (number of edges, predecessor) of each node on a shortest path from row `start`.

    The number is infinite for a node that cannot be reached.
    """
    order, before = _breadth(matrix, start)
    lengths = np.full(matrix.shape[0], np.inf)
    lengths[start] = 0
    # Predecessors' positions in the order never decrease, so each level is a slice of the order.
    place = np.empty(matrix.shape[0], np.int64)
    place[order] = np.arange(len(order))
    parents = place[before[order[1:]]]
    reached, level = 1, 0
    while reached < len(order):
        level += 1
        end = 1 + int(np.searchsorted(parents, reached, side="left"))
        lengths[order[reached:end]] = level
        reached = end
    return lengths, before


def _breadth(matrix: sp.csr_array, start: int) -> tuple[Index, Index]:
    order, before = breadth_first_order(matrix, start, directed=True)
    return order, before


def _trace(before: Index, source: int, target: int) -> list[int]:
    path = [target]
    while path[-1] != source:
        path.append(int(before[path[-1]]))
    return path[::-1]
