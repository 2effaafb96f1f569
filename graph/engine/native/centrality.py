"""Centralities. Scores agree with networkx's to rounding: sums are taken in another order."""

from collections.abc import Hashable, Mapping
from typing import Any

import networkx as nx
import numpy as np
import rustworkx as rx

from graph.engine.lazy_imports import networkit
from graph.engine.topology import Floats, Steps, Topology, Unsupported, Weight

Scores = dict[Hashable, float]
Given = Mapping[Hashable, float] | None
PLACES = 64  # sources whose distances are held at once


def pagerank(
    G: Topology,
    alpha: float = 0.85,
    personalization: Given = None,
    max_iter: int = 100,
    tol: float = 1e-6,
    nstart: Given = None,
    weight: Weight = "weight",
    dangling: Given = None,
) -> Scores:
    """Power iteration on SciPy's matrix, step by step as networkx takes it."""
    if G.n == 0:
        return {}
    start = np.full(G.n, 1 / G.n) if nstart is None else _shares(G, nstart)
    jump = np.full(G.n, 1 / G.n) if personalization is None else _shares(G, personalization)
    lost = jump if dangling is None else _shares(G, dangling)
    found = ranks(G.steps(weight), alpha, start, jump, lost, max_iter, G.n * tol)
    return _scores(G, found)


def ranks(
    steps: Steps,
    alpha: float,
    start: Floats,
    jump: Floats,
    lost: Floats,
    max_iter: int,
    enough: float,
) -> Floats:
    """PageRank of a walk with these steps. Raises PowerIterationFailedConvergence."""
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
    nstart: Given = None,
    weight: Weight = None,
) -> Scores:
    """Power iteration with (A + I), as networkx's."""
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
    """Brandes (2001) in rustworkx, of the simple graph: parallel edges count once."""
    if weight is not None or (k is not None and k != G.n):
        raise Unsupported("weighted or sampled betweenness")
    compute: Any = (
        rx.digraph_betweenness_centrality if G.directed else rx.graph_betweenness_centrality
    )
    raw = compute(G.rustworkx(), normalized=False, endpoints=endpoints)
    found = np.fromiter(raw.values(), float, G.n)
    others = G.n if endpoints else G.n - 1
    if normalized and others >= 2:
        # rustworkx counts a pair of an undirected graph once, networkx normalizes by both ways
        found *= (1 if G.directed else 2) / (others * (others - 1))
    return _scores(G, found)


def closeness_centrality(
    G: Topology,
    u: Hashable = None,
    distance: Weight = None,
    wf_improved: bool = True,
    sp: Any = None,
) -> Scores | float:
    """rustworkx; inward distances where the graph is directed."""
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
    """NetworKit, of the simple graph turned around: distances towards a node count."""
    if distance is not None or nbunch is not None or sources is not None:
        raise Unsupported("harmonic centrality of some nodes or by weight")
    if G.n == 0:
        return {}
    source, target = (places.astype(np.uint64) for places in G.pairs)
    nk = networkit()
    made = nk.GraphFromCoo((target, source), n=G.n, directed=G.directed)
    return _scores(G, np.array(nk.centrality.HarmonicCloseness(made, False).run().scores()))


def _scores(G: Topology, found: Floats) -> Scores:
    return dict(zip(G.labels, found.tolist(), strict=True))


def _read(G: Topology, given: Mapping[Hashable, float]) -> Floats:
    return np.array([given.get(label, 0) for label in G.labels], dtype=float)


def _shares(G: Topology, given: Mapping[Hashable, float]) -> Floats:
    found = _read(G, given)
    if found.sum() == 0:
        raise ZeroDivisionError
    return found / found.sum()
