"""The pairs of rows that are compared, beside a plain product."""

from itertools import product
from random import Random

import numpy as np
import pytest

from graph.enrich.links import near_in_time


@pytest.mark.parametrize("seed", range(8))
def test_small_cells_give_all_pairs_in_order_and_large_ones_the_neighbours(seed, monkeypatch):
    monkeypatch.setattr(near_in_time, "FULL", 30)
    rng = Random(seed)
    day = np.sort([rng.randrange(50) for _ in range(200)]).astype(np.int64)
    cells = [
        tuple(np.sort(rng.sample(range(200), rng.choice([1, 1, 3, 40]))) for _ in range(2))
        for _ in range(12)
    ]
    pairs = [
        (int(one), int(other))
        for ones, others in near_in_time.near(day, cells)
        for one, other in zip(ones, others, strict=True)
    ]
    expected = []
    for ones, others in cells:
        whole = [(int(one), int(other)) for one, other in product(ones, others)]
        if len(whole) > 30:
            (alone,) = near_in_time.near(day, [(ones, others)])
            assert set(zip(*(ends.tolist() for ends in alone), strict=True)) <= set(whole)
            assert len(alone[0]) <= len(ones) * (2 * near_in_time.NEAR + 1)
            whole = list(zip(*(ends.tolist() for ends in alone), strict=True))
        expected += whole
    assert pairs == expected
