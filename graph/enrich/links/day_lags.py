"""How much the days between two statements of one payment speak for their being one.

Learned from each pair of sources by itself: a card company's lines may reach the ledger within a
week here and within a year there. The density of days is taken to fall on either side of zero,
and estimated as such (U. Grenander, "On the theory of mortality measurement II", Skandinavisk
Aktuarietidskrift 39, 1956: the slope of the least concave majorant), after adding a few pairs as
they usually are.
"""

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.payments import Ints

Floats = NDArray[np.float64]

CHANCE, TELLING, FAR = 5, 10, 31
EDGES = np.array([0, 1, 2, 3, 4, 6, 8, 11, 15, 22, 31, 46, 61, 91, 181, 366, 731], dtype=np.float64)
# Before anything is learned: pairs that are posted 0-5 days apart, up to 10, hardly ever more; as
# many in either order, for nobody has said which source is the first to know.
PRIOR = np.array([2, 1.5, 1, 1, 1.2, 0.8, 0.8, 0.4, 0.2, 0.1, 0.05, 0.02, 0.02, 0.01, 0.005, 0])


def favour(sample: Ints, lags: Ints, span: int) -> Floats:
    """For each of `lags` (signed days): its likelihood for one payment over that for two.

    `sample` are the signed days between statements that are surely one payment; two payments are
    taken to be any days of `span` apart. 0 beyond two years.
    """
    sides = [_density(sample[sample >= 0], 1 + len(sample), 0.5)]
    sides.append(_density(-sample[sample < 0], 1 + len(sample), 0.5))
    ahead, behind = (side[np.minimum(_bin(abs(lags)), len(PRIOR))] for side in sides)
    return np.asarray(np.where(lags >= 0, ahead, behind) * (span + 30), dtype=np.float64)


def credence(sample: Ints, span: int) -> float:
    """0..1: how far pairs like the sample's are more than chance.

    Chance alone puts pairs at any days of the span apart, 4/9 of them further than a third of it;
    from those that are as far follows how many of all are chance (as J. Storey, "A direct approach
    to false discovery rates", 2002, does from large p-values). Below 1 where these are more than
    one in CHANCE. A small sample, or a short span, tells nothing.
    """
    if len(sample) < TELLING or span < 3 * FAR:
        return 1.0
    by_chance = min((abs(sample) > span / 3).sum() * 9 / 4, len(sample))
    return float(min(1, (len(sample) - by_chance) / (CHANCE * max(by_chance, 1e-9))))


def _bin(days: Ints) -> Ints:
    return np.asarray(np.searchsorted(EDGES, days, side="right") - 1, dtype=np.int64)


def _density(days: Ints, size: int, share: float) -> Floats:
    """The chance of each day in each bin, falling from bin to bin; the last one is for the rest."""
    counts = np.bincount(np.minimum(_bin(days), len(PRIOR)), minlength=len(PRIOR) + 1)[:-1]
    widths = np.diff(EDGES)
    mass = (counts + share * PRIOR) / (size + PRIOR.sum())
    return np.append(_falling(mass / widths, widths), 0.0)


def _falling(heights: Floats, widths: Floats) -> Floats:
    """The closest falling steps: neighbours that rise are pooled (pool adjacent violators)."""
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
