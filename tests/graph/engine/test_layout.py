"""Nodes have places: apart from one another, near those they belong with, always the same."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from graph.engine.layout import layout


def edges(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def test_two_communities_lie_apart():
    groups = [list(range(40)), list(range(40, 70))]
    pairs = [(0, node) for node in range(1, 40)] + [(40, node) for node in range(41, 70)]
    places = layout(groups, *edges(*pairs, (0, 40)))
    assert places.shape == (70, 2)
    assert np.isfinite(places).all()
    centres = [places[group].mean(axis=0) for group in groups]
    apart = np.linalg.norm(centres[0] - centres[1])
    for group, centre in zip(groups, centres, strict=True):
        radius = np.linalg.norm(places[group] - centre, axis=1)
        assert np.median(radius) < apart / 2
    assert pdist(places).min() > 0.5, "no two nodes lie upon one another"


def test_the_same_graph_has_the_same_places():
    random = np.random.default_rng(7)
    source, target = random.integers(0, 200, (2, 500))
    groups = [list(range(120)), list(range(120, 200))]
    assert np.array_equal(layout(groups, source, target), layout(groups, source, target))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_nodes_have_places(count):
    places = layout([[node] for node in range(count)], *edges())
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
