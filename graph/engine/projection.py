"""Projects the multigraph to a simple weighted graph: parallel edges become one."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from graph.engine.graph import Graph

Direction = Literal["any", "out"]
Weights = npt.NDArray[np.float64]
DECIMALS = 12


def adjacency(graph: Graph, weights: Weights, direction: Direction = "any") -> sp.csr_array:
    """Return the n by n matrix of the summed weights of the edges from row u to column v.

    `direction="any"` gives a symmetric matrix: every edge counts both ways, a self-loop once. Sums
    are rounded to DECIMALS, because further digits would depend on the order of the edges.
    """
    shape = (graph.node_count, graph.node_count)
    directed = sp.coo_array((weights, (graph.source, graph.target)), shape=shape).tocsr()
    directed.data = directed.data.round(DECIMALS)
    if direction == "out":
        return directed
    loops = sp.diags_array(directed.diagonal(), format="csr")
    return (directed + directed.T - loops).tocsr()


def pairs(graph: Graph, direction: Direction = "any") -> npt.NDArray[np.int64]:
    """Return the distinct pairs of node rows (u, v) that an edge connects, shape (k, 2), without
    self-loops.

    With `any`, each pair occurs once, u < v.
    """
    ends = np.column_stack([graph.source, graph.target])
    if direction == "any":
        ends = np.sort(ends, axis=1)
    codes = ends[:, 0] * graph.node_count + ends[:, 1]
    distinct = np.unique(codes[ends[:, 0] != ends[:, 1]])
    return np.column_stack(np.divmod(distinct, graph.node_count))
