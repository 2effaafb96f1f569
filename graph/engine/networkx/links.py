"""Link prediction: how alike two nodes' neighbours are, for many pairs at once."""

from collections.abc import Hashable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from graph.engine.topology import Floats, Index, Topology, Unsupported

Pairs = Iterable[tuple[Hashable, Hashable]] | None
Predictions = Iterator[tuple[Hashable, Hashable, float]]
MOST = 2_000  # nodes of whose every missing edge may be asked


def jaccard_coefficient(G: Topology, ebunch: Pairs = None) -> Predictions:
    named, u, v = _pairs(G, ebunch)
    common = _common(G, u, v, np.ones(G.n))
    degree = _degree(G)
    union = degree[u] + degree[v] - common
    scores = np.divide(common, union, where=union > 0, out=np.zeros(len(u)))
    return _told(named, np.where(common > 0, scores, 0))


def resource_allocation_index(G: Topology, ebunch: Pairs = None) -> Predictions:
    named, u, v = _pairs(G, ebunch)
    degree = _degree(G)
    return _told(named, _common(G, u, v, 1 / np.maximum(degree, 1)))


def adamic_adar_index(G: Topology, ebunch: Pairs = None) -> Predictions:
    named, u, v = _pairs(G, ebunch)
    degree = _degree(G)
    return _told(named, _common(G, u, v, 1 / np.log(np.maximum(degree, 2))))


def preferential_attachment(G: Topology, ebunch: Pairs = None) -> Predictions:
    named, u, v = _pairs(G, ebunch)
    degree = _degree(G).astype(np.int64)
    return iter(
        [(a, b, s) for (a, b), s in zip(named, (degree[u] * degree[v]).tolist(), strict=True)]
    )


def _pairs(G: Topology, ebunch: Pairs) -> tuple[list[tuple[Hashable, Hashable]], Index, Index]:
    """The pairs as they were asked, and the places of their ends."""
    if (G.source == G.target).any():
        raise Unsupported("link prediction with self-loops")
    if ebunch is None:
        ebunch = _missing(G)
    named = list(ebunch)
    ends = np.array([[G.place(u), G.place(v)] for u, v in named], np.int64).reshape(-1, 2)
    if (ends[:, 0] == ends[:, 1]).any():
        raise Unsupported("a node with itself")
    return named, ends[:, 0], ends[:, 1]


def _missing(G: Topology) -> list[tuple[Hashable, Hashable]]:
    """Every pair without an edge."""
    if G.n > MOST:
        raise Unsupported(f"every missing edge of more than {MOST} nodes")
    rows, columns = np.nonzero(np.triu(G.simple.toarray() == 0, k=1))
    return [
        (G.labels[u], G.labels[v]) for u, v in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def _common(G: Topology, u: Index, v: Index, value: npt.NDArray[np.float64]) -> Floats:
    """The sum of `value` over the neighbours that u[i] and v[i] share."""
    weighted = (G.simple @ sp.diags_array(value)).tocsr()
    return np.asarray(G.simple[u].multiply(weighted[v]).sum(axis=1), float)


def _degree(G: Topology) -> Floats:
    return np.asarray(np.diff(G.simple.indptr), float)


def _told(named: list[tuple[Hashable, Hashable]], scores: Floats) -> Predictions:
    return iter([(u, v, s) for (u, v), s in zip(named, scores.tolist(), strict=True)])
