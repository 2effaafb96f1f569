"""Communities with networkx's parameters: Louvain and Leiden, by NetworKit, undirected and in one
thread, so that a seed always gives one result.

The partition differs from networkx's for the same seed, but has comparable modularity. Communities
are ordered by their first nodes.
"""

import threading
from collections.abc import Hashable
from random import Random
from typing import Any

import numpy as np
from networkx.utils import create_py_random_state

from graph.engine.lazy_imports import networkit
from graph.engine.networkx.components import groups
from graph.engine.topology import Index, Topology, Unsupported, Weight

Partition = list[set[Hashable]]
LEIDEN_ITERATIONS = 10

_one_at_a_time = threading.Lock()  # NetworKit's seed and thread count are global to the process


def louvain_communities(
    G: Topology,
    weight: Weight = "weight",
    resolution: float = 1,
    threshold: float = 1e-7,
    max_level: int | None = None,
    seed: Any = None,
) -> Partition:
    """Return the communities that Louvain finds (Blondel et al., 2008), as a list of sets of nodes.

    `threshold` is ignored, because NetworKit uses its own. Raises Unsupported for a directed graph
    or a `max_level`.
    """
    _can(G, max_level)
    if len(G.source) == 0:
        return [{label} for label in G.labels]
    return list(groups(G, louvain(G.networkit(weight), resolution, _number(seed))))


def leiden_communities(
    G: Topology,
    *,
    weight: Weight = "weight",
    resolution: float = 1,
    max_level: int | None = None,
    seed: Any = None,
    metric: str = "cpm",
    theta: float = 0.01,
) -> Partition:
    """Return the communities that Leiden finds (Traag et al., 2019), as a list of sets of nodes.

    `theta` is ignored. Raises Unsupported for another metric than "modularity", a directed graph or
    a `max_level`.
    """
    _can(G, max_level)
    if metric != "modularity":
        raise Unsupported("the constant Potts model")
    if len(G.source) == 0:
        return [{label} for label in G.labels]
    return list(groups(G, leiden(G.networkit(weight), resolution, _number(seed))))


def louvain(graph: Any, resolution: float, seed: int) -> Index:
    """Return the community number of each node of a NetworKit graph, as Louvain finds it."""
    nk = networkit()
    return _run(seed, lambda: nk.community.PLM(graph, gamma=resolution, par="none randomized"))


def leiden(graph: Any, resolution: float, seed: int) -> Index:
    """Return the community number of each node of a NetworKit graph, as Leiden finds it."""
    nk = networkit()
    return _run(
        seed,
        lambda: nk.community.ParallelLeiden(graph, iterations=LEIDEN_ITERATIONS, gamma=resolution),
    )


def _run(seed: int, make: Any) -> Index:
    nk = networkit()
    with _one_at_a_time:
        threads = nk.getMaxNumberOfThreads()
        nk.setNumberOfThreads(1)
        nk.setSeed(seed, False)
        try:
            return np.array(make().run().getPartition().getVector(), dtype=np.int64)
        finally:
            nk.setNumberOfThreads(threads)


def _can(G: Topology, max_level: int | None) -> None:
    if G.directed:
        raise Unsupported("communities of a directed graph")
    if max_level is not None:
        raise Unsupported("max_level")


def _number(seed: Any) -> int:
    """Return a seed for NetworKit (31 bits) made from any seed that networkx accepts."""
    if isinstance(seed, int):
        return seed & 0x7FFFFFFF
    random: Random = create_py_random_state(seed)
    return random.getrandbits(31)
