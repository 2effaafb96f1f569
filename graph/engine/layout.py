"""Places nodes in the plane: communities side by side, in each the best connected in the middle.

Each community is a sunflower (Vogel, 1979) of its nodes; the discs of communities are placed along
a spiral, the largest first, where there is room. A few rounds of springs along edges and repulsion
of near nodes (Fruchterman and Reingold, 1991, with a k-d tree) then loosen that order. The same
graph has the same layout.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from graph.engine.graph import Index

Points = npt.NDArray[np.float64]
GOLDEN = np.pi * (3 - np.sqrt(5))
NEAR = 8  # neighbours that repel a node
WORK = 300_000  # nodes times rounds
LEAST, MOST = 4, 60  # rounds


def layout(communities: Sequence[Sequence[int]], source: Index, target: Index) -> Points:
    """Return the position of every node: an array with one (x, y) row per node, where a node's
    radius is 1.

    `communities` lists the node rows of each community. `source` and `target` are the node rows of
    the edges' ends; two connected nodes have exactly one edge here.
    """
    count = sum(len(members) for members in communities)
    degrees = np.bincount(np.concatenate([source, target]), minlength=count)
    places = _discs(communities, degrees)
    if count < 2:
        return places
    rounds = int(np.clip(WORK // count, LEAST, MOST))
    for step in range(rounds):
        places += _moves(places, (source, target), degrees, 1.0 - step / rounds)
    return places


def _discs(communities: Sequence[Sequence[int]], degrees: Index) -> Points:
    places = np.zeros((len(degrees), 2))
    centres = _centres(np.array([1.6 * np.sqrt(len(members)) + 1 for members in communities]))
    for members, centre in zip(communities, centres, strict=True):
        order = sorted(members, key=lambda node: (-degrees[node], node))
        places[order] = centre + _sunflower(len(order))
    return places


def _sunflower(count: int) -> Points:
    at = np.arange(count)
    radius, angle = 1.6 * np.sqrt(at), at * GOLDEN
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _centres(radii: npt.NDArray[np.float64]) -> Points:
    """Return the (x, y) centres of discs with these radii, the largest first, along a spiral on
    which they do not overlap much."""
    area = np.cumsum(radii**2) - radii**2 / 2
    distance, angle = 1.25 * np.sqrt(area - area[0] if len(area) else area), GOLDEN
    at = np.arange(len(radii))
    return np.column_stack([distance * np.cos(at * angle), distance * np.sin(at * angle)])


def _moves(places: Points, ends: tuple[Index, Index], degrees: Index, heat: float) -> Points:
    """Return by how much each node moves in one round, as (x, y): connected nodes pull, near nodes
    push.

    No node moves further than `heat` (0..1) times its diameter of 2.
    """
    source, target = ends
    moves = np.zeros_like(places)
    pull = (places[target] - places[source]) * 0.02
    for axis in (0, 1):
        moves[:, axis] += np.bincount(source, pull[:, axis], len(places))
        moves[:, axis] -= np.bincount(target, pull[:, axis], len(places))
    moves /= np.maximum(degrees, 1)[:, None] ** 0.5
    distance, near = cKDTree(places).query(places, min(NEAR, len(places) - 1) + 1)
    away = places[:, None, :] - places[near[:, 1:]]
    gap = np.maximum(distance[:, 1:], 1e-3)
    moves += (away / gap[:, :, None] * np.clip(2.2 - gap, 0, 1)[:, :, None]).sum(axis=1)
    length = np.linalg.norm(moves, axis=1)
    return moves * np.minimum(1.0, 2 * heat / np.maximum(length, 1e-9))[:, None]
