"""Estimates how strongly the days between two rows support that they are one payment.

This is learned for each pair of sources separately: a card company's lines may reach the ledger
within a week in one pair and within a year in another. The density of days is assumed to fall on
both sides of zero. It is estimated accordingly (U. Grenander, "On the theory of mortality
measurement II", Skandinavisk Aktuarietidskrift 39, 1956: the slope of the least concave majorant),
after adding a few typical pairs.
"""

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.payments import Ints

Floats = NDArray[np.float64]

CHANCE, TELLING, FAR = 5, 10, 31
EDGES = np.array([0, 1, 2, 3, 4, 6, 8, 11, 15, 22, 31, 46, 61, 91, 181, 366, 731], dtype=np.float64)
# The typical pairs before anything is learned: they are posted 0-5 days apart, up to 10, and hardly
# ever more. Both orders are equally frequent, because it is unknown which source is the first.
PRIOR = np.array([2, 1.5, 1, 1, 1.2, 0.8, 0.8, 0.4, 0.2, 0.1, 0.05, 0.02, 0.02, 0.01, 0.005, 0])


def favour(sample: Ints, lags: Ints, span: int) -> Floats:
    """Return, for each of `lags` (signed days), the likelihood of the lag if two rows are one
    payment, divided by that if they are two.

    `sample` has the signed days between rows that are certainly one payment. Two payments are
    assumed to be any number of days within `span` apart. The result is 0 beyond two years.
    """
    sides = [_density(sample[sample >= 0], 1 + len(sample), 0.5)]
    sides.append(_density(-sample[sample < 0], 1 + len(sample), 0.5))
    ahead, behind = (side[np.minimum(_bin(abs(lags)), len(PRIOR))] for side in sides)
    return np.asarray(np.where(lags >= 0, ahead, behind) * (span + 30), dtype=np.float64)


def credence(sample: Ints, span: int) -> float:
    """Return a factor in 0..1: how far pairs like those of the sample are more than chance.

    `sample` has the signed days between the rows of each pair. By chance, a pair is any number of
    days of the span apart, and 4/9 of such pairs are further than a third of the span. The number
    of pairs that far apart therefore tells how many are chance (as J. Storey, "A direct approach to
    false discovery rates", 2002, does from large p-values). The factor is 1 for a small sample or a
    short span.
    """
    if len(sample) < TELLING or span < 3 * FAR:
        return 1.0
    by_chance = min((abs(sample) > span / 3).sum() * 9 / 4, len(sample))
    return float(min(1, (len(sample) - by_chance) / (CHANCE * max(by_chance, 1e-9))))


def _bin(days: Ints) -> Ints:
    return np.asarray(np.searchsorted(EDGES, days, side="right") - 1, dtype=np.int64)


def _density(days: Ints, size: int, share: float) -> Floats:
    """Return the probability per day in each bin of days, falling from bin to bin. The last bin,
    for all longer lags, has 0."""
    counts = np.bincount(np.minimum(_bin(days), len(PRIOR)), minlength=len(PRIOR) + 1)[:-1]
    widths = np.diff(EDGES)
    mass = (counts + share * PRIOR) / (size + PRIOR.sum())
    return np.append(_falling(mass / widths, widths), 0.0)


def _falling(heights: Floats, widths: Floats) -> Floats:
    """Return the falling steps that are closest to `heights`: neighbouring steps that rise are
    replaced by their weighted mean (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for height, width in zip(heights.tolist(), widths.tolist(), strict=True):
        pool = (height, width, 1)
        while pools and pools[-1][0] < pool[0]:
            last = pools.pop()
            wide = last[1] + pool[1]
            level = (last[0] * last[1] + pool[0] * pool[1]) / wide
            pool = (level, wide, last[2] + pool[2])
        pools.append(pool)
    return np.repeat([level for level, _, _ in pools], [count for _, _, count in pools])
