"""Link prediction: the similarity of two nodes' neighbours, for many pairs at once."""

from collections.abc import Hashable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from graph.engine.topology import Floats, Index, Topology, Unsupported

Pairs = Iterable[tuple[Hashable, Hashable]] | None
Predictions = Iterator[tuple[Hashable, Hashable, float]]
MOST = 2_000  # nodes; in a larger graph, scores of all missing edges are not supported


def jaccard_coefficient(G: Topology, ebunch: Pairs = None) -> Predictions:
    pairs, u, v = _pairs(G, ebunch)
    common = _common(G, u, v, np.ones(G.n))
    degree = _degree(G)
    union = degree[u] + degree[v] - common
    scores = np.divide(common, union, where=union > 0, out=np.zeros(len(u)))
    return _predictions(pairs, np.where(common > 0, scores, 0))


def resource_allocation_index(G: Topology, ebunch: Pairs = None) -> Predictions:
    pairs, u, v = _pairs(G, ebunch)
    degree = _degree(G)
    return _predictions(pairs, _common(G, u, v, 1 / np.maximum(degree, 1)))


def adamic_adar_index(G: Topology, ebunch: Pairs = None) -> Predictions:
    pairs, u, v = _pairs(G, ebunch)
    degree = _degree(G)
    return _predictions(pairs, _common(G, u, v, 1 / np.log(np.maximum(degree, 2))))


def preferential_attachment(G: Topology, ebunch: Pairs = None) -> Predictions:
    pairs, u, v = _pairs(G, ebunch)
    degree = _degree(G).astype(np.int64)
    return iter(
        [(a, b, s) for (a, b), s in zip(pairs, (degree[u] * degree[v]).tolist(), strict=True)]
    )


def _pairs(G: Topology, ebunch: Pairs) -> tuple[list[tuple[Hashable, Hashable]], Index, Index]:
    """Return the pairs of nodes in the order of `ebunch`, and the positions of their first and
    second nodes.

    None stands for all pairs without an edge. Raises Unsupported for self-loops and for a node
    paired with itself.
    """
    if (G.source == G.target).any():
        raise Unsupported("link prediction with self-loops")
    if ebunch is None:
        ebunch = _missing(G)
    pairs = list(ebunch)
    ends = np.array([[G.place(u), G.place(v)] for u, v in pairs], np.int64).reshape(-1, 2)
    if (ends[:, 0] == ends[:, 1]).any():
        raise Unsupported("a node with itself")
    return pairs, ends[:, 0], ends[:, 1]


def _missing(G: Topology) -> list[tuple[Hashable, Hashable]]:
    """Return all pairs of nodes without an edge between them. Raises Unsupported for more than MOST
    nodes."""
    if G.n > MOST:
        raise Unsupported(f"every missing edge of more than {MOST} nodes")
    rows, columns = np.nonzero(np.triu(G.simple.toarray() == 0, k=1))
    return [
        (G.labels[u], G.labels[v]) for u, v in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def _common(G: Topology, u: Index, v: Index, value: npt.NDArray[np.float64]) -> Floats:
    """Return, for each pair (u[i], v[i]), the sum of `value` over the neighbours that both nodes
    have.

    `value` has one number per node.
    """
    weighted = (G.simple @ sp.diags_array(value)).tocsr()
    return np.asarray(G.simple[u].multiply(weighted[v]).sum(axis=1), float)


def _degree(G: Topology) -> Floats:
    return np.asarray(np.diff(G.simple.indptr), float)


def _predictions(pairs: list[tuple[Hashable, Hashable]], scores: Floats) -> Predictions:
    return iter([(u, v, s) for (u, v), s in zip(pairs, scores.tolist(), strict=True)])
