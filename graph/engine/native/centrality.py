"""Centralities with networkx's parameters: PageRank, eigenvector, betweenness, closeness,
harmonic. Scores equal networkx's up to rounding, because sums have another order."""

from collections.abc import Hashable, Mapping
from typing import Any

import networkx as nx
import numpy as np
import rustworkx as rx

from graph.engine.lazy_imports import networkit
from graph.engine.topology import Floats, Steps, Topology, Unsupported, Weight

Scores = dict[Hashable, float]
NodeValues = Mapping[Hashable, float] | None
PLACES = 64  # source nodes whose distances are in memory at once


def pagerank(
    G: Topology,
    alpha: float = 0.85,
    personalization: NodeValues = None,
    max_iter: int = 100,
    tol: float = 1e-6,
    nstart: NodeValues = None,
    weight: Weight = "weight",
    dangling: NodeValues = None,
) -> Scores:
    """Return the PageRank of each node, as `networkx.pagerank` does, by power iteration in SciPy.

    Raises PowerIterationFailedConvergence after `max_iter` steps.
    """
    if G.n == 0:
        return {}
    start = np.full(G.n, 1 / G.n) if nstart is None else _shares(G, nstart)
    jump = np.full(G.n, 1 / G.n) if personalization is None else _shares(G, personalization)
    lost = jump if dangling is None else _shares(G, dangling)
    scores = ranks(G.steps(weight), alpha, start, jump, lost, max_iter, G.n * tol)
    return _scores(G, scores)


def ranks(
    steps: Steps,
    alpha: float,
    start: Floats,
    jump: Floats,
    lost: Floats,
    max_iter: int,
    enough: float,
) -> Floats:
    """Return the PageRank of each node by power iteration over the random walk `steps`.

    `start`, `jump` and `lost` are distributions over the nodes: where the walk begins, where it
    jumps to with probability 1 - `alpha`, and where it goes from a node without a step. It ends
    when the scores change by less than `enough` in sum. Raises PowerIterationFailedConvergence
    after `max_iter` steps.
    """
    inward, stuck = steps.inward, steps.stuck
    x: Floats = start
    for _ in range(max_iter):
        before = x
        x = alpha * (inward @ x + x[stuck].sum() * lost) + (1 - alpha) * jump
        if np.abs(x - before).sum() < enough:
            return x
    raise nx.PowerIterationFailedConvergence(max_iter)


def eigenvector_centrality(
    G: Topology,
    max_iter: int = 100,
    tol: float = 1e-6,
    nstart: NodeValues = None,
    weight: Weight = None,
) -> Scores:
    """Return the eigenvector centrality of each node, as networkx does, by power iteration with A +
    I.

    Raises PowerIterationFailedConvergence after `max_iter` steps, and networkx's errors for an
    empty graph or a start of zeros.
    """
    if G.n == 0:
        raise nx.NetworkXPointlessConcept("cannot compute centrality for the null graph")
    start = np.ones(G.n) if nstart is None else _read(G, nstart)
    if not start.any():
        raise nx.NetworkXError("initial vector cannot have all zero values")
    inward = G.matrix(weight).T.tocsr()
    x = start / start.sum()
    for _ in range(max_iter):
        before = x
        x = before + inward @ before
        x = x / (np.linalg.norm(x) or 1.0)
        if np.abs(x - before).sum() < G.n * tol:
            return _scores(G, x)
    raise nx.PowerIterationFailedConvergence(max_iter)


def betweenness_centrality(
    G: Topology,
    k: int | None = None,
    normalized: bool = True,
    weight: Weight = None,
    endpoints: bool = False,
    seed: Any = None,
) -> Scores:
    """Return the betweenness of each node (Brandes, 2001), as networkx does, by rustworkx.

    Parallel edges count once. Raises Unsupported for weights or a sample of `k` nodes.
    """
    if weight is not None or (k is not None and k != G.n):
        raise Unsupported("weighted or sampled betweenness")
    compute: Any = (
        rx.digraph_betweenness_centrality if G.directed else rx.graph_betweenness_centrality
    )
    raw = compute(G.rustworkx(), normalized=False, endpoints=endpoints)
    scores = np.fromiter(raw.values(), float, G.n)
    others = G.n if endpoints else G.n - 1
    if normalized and others >= 2:
        # For undirected graphs rustworkx counts a pair once, and networkx normalizes by both ways.
        scores *= (1 if G.directed else 2) / (others * (others - 1))
    return _scores(G, scores)


def closeness_centrality(
    G: Topology,
    u: Hashable = None,
    distance: Weight = None,
    wf_improved: bool = True,
    sp: Any = None,
) -> Scores | float:
    """Return the closeness of each node, or of the node `u`, as networkx does, by rustworkx.

    In a directed graph it rests on the distances to the node. Raises Unsupported for weighted
    distances.
    """
    if distance is not None or sp is not None:
        raise Unsupported("closeness by weighted distance")
    compute: Any = rx.digraph_closeness_centrality if G.directed else rx.graph_closeness_centrality
    raw = compute(G.rustworkx(), wf_improved=wf_improved)
    scores = _scores(G, np.fromiter(raw.values(), float, G.n))
    if u is None:
        return scores
    G.place(u)
    return scores[u]


def harmonic_centrality(
    G: Topology, nbunch: Any = None, distance: Weight = None, sources: Any = None
) -> Scores:
    """Return the harmonic centrality of each node, as networkx does, by NetworKit.

    In a directed graph it rests on the distances to the node. Raises Unsupported for some nodes
    only or for weighted distances.
    """
    if distance is not None or nbunch is not None or sources is not None:
        raise Unsupported("harmonic centrality of some nodes or by weight")
    if G.n == 0:
        return {}
    source, target = (places.astype(np.uint64) for places in G.pairs)
    nk = networkit()
    reversed_graph = nk.GraphFromCoo((target, source), n=G.n, directed=G.directed)
    return _scores(
        G, np.array(nk.centrality.HarmonicCloseness(reversed_graph, False).run().scores())
    )


def _scores(G: Topology, values: Floats) -> Scores:
    return dict(zip(G.labels, values.tolist(), strict=True))


def _read(G: Topology, values: Mapping[Hashable, float]) -> Floats:
    return np.array([values.get(label, 0) for label in G.labels], dtype=float)


def _shares(G: Topology, values: Mapping[Hashable, float]) -> Floats:
    numbers = _read(G, values)
    if numbers.sum() == 0:
        raise ZeroDivisionError
    return numbers / numbers.sum()
