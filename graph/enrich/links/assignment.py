"""Chooses the most likely pairs of rows such that no row is in two pairs.

It is a maximum-weight matching, solved for each connected component of the candidates (R. Jonker,
A. Volgenant, Computing 38, 1987, as in SciPy). A component that is too large for a dense matrix is
solved greedily, the heaviest pair first. This gives at least half of the greatest weight.
"""

import numpy as np
import scipy  # it imports scipy.sparse and scipy.optimize when they are first used
from numpy.typing import NDArray

from graph.enrich.columns.payments import Ints

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
LARGEST = 400  # rows on each side of a component that is solved exactly (0.1 s)


def assign(left: Ints, right: Ints, weight: Floats) -> Flags:
    """Return one boolean per candidate (left[i], right[i]) with weight[i]: whether it is chosen.

    No row is in two chosen pairs, only pairs of positive weight are chosen, and their total weight
    is greatest. The result depends on the order of the candidates only if weights are equal.
    """
    assigned = np.zeros(len(left), dtype=bool)
    worth = np.flatnonzero(weight > 0)
    if not len(worth):
        return assigned
    rows, columns = _compact(left[worth]), _compact(right[worth])
    alone = (np.bincount(rows)[rows] == 1) & (np.bincount(columns)[columns] == 1)
    assigned[worth[alone]] = True
    for members in _components(rows, columns, np.flatnonzero(~alone)):
        pairs = _solve(rows[members], columns[members], weight[worth[members]])
        assigned[worth[members[pairs]]] = True
    return assigned


def _compact(values: Ints) -> Ints:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _components(rows: Ints, columns: Ints, among: Ints) -> list[Ints]:
    """Return, for each connected component of the pairs rows[i]-columns[i], the positions i of its
    candidates.

    Only the candidates in `among` count.
    """
    if not len(among):
        return []
    height, width = int(rows.max()) + 1, int(columns.max()) + 1
    ends = (rows[among], columns[among] + height)
    graph = scipy.sparse.coo_matrix((np.ones(len(among)), ends), shape=(height + width,) * 2)
    label = scipy.sparse.csgraph.connected_components(graph, directed=False)[1][rows[among]]
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    return np.split(among[order], cuts)


def _solve(rows: Ints, columns: Ints, weight: Floats) -> Ints:
    """Return the positions of the chosen candidates of one component."""
    rows, columns = _compact(rows), _compact(columns)
    height, width = int(rows.max()) + 1, int(columns.max()) + 1
    if max(height, width) > LARGEST:
        return _greedy(rows, columns, weight)
    gain = np.zeros((height, width))
    place = np.full((height, width), -1)
    order = np.argsort(weight, kind="stable")  # of two candidates for a pair the better one
    gain[rows[order], columns[order]] = weight[order]
    place[rows[order], columns[order]] = order
    columns_of = place[scipy.optimize.linear_sum_assignment(gain, maximize=True)]
    return np.asarray(columns_of[columns_of >= 0], dtype=np.int64)


def _greedy(rows: Ints, columns: Ints, weight: Floats) -> Ints:
    taken_rows, taken_columns, pairs = set[int](), set[int](), list[int]()
    for at in np.argsort(-weight, kind="stable").tolist():
        row, column = int(rows[at]), int(columns[at])
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append(at)
    return np.array(pairs, dtype=np.int64)
