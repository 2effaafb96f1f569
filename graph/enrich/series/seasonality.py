"""Finds seasons in monthly totals. Pure functions.

The method is the additive decomposition y = T + S + R with a cycle of twelve months: T is the
trend, S the mean deviation from it in each month of the year, and R the rest. Strength F = max(0, 1
- Var(R) / Var(S + R)): X. Wang, K. Smith, R. Hyndman, "Characteristic-based clustering for time
series data", Data Mining and Knowledge Discovery 13 (2006), 335-364; R. Hyndman, G. Athanasopoulos,
"Forecasting: Principles and Practice", 3rd ed. (2021), section 4.3.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # it imports scipy.special when that is first used

from graph.enrich.series.activity import Floats
from graph.enrich.series.periods import Ints

YEAR = 12
CYCLES = 2  # least number of whole years
LEAST_MONTHS = CYCLES * YEAR
CHANCE = 0.001  # probability of a season this strong in noise; a tenant has hundreds of flows
HIGH = 1.25  # factor of the flow's mean from which a month belongs to the season
LEAST_STRENGTH = 0.4
LEAST_BUSY = 8  # months with any payment; fewer are single payments, not a season
LONGEST = 1200  # months; a century of books, because older ones do not matter for the next year


@dataclass(frozen=True)
class Season:
    """A season of monthly totals: its strength (0..1), the months (1..12) that are high, and the
    numbers behind them."""

    strength: float
    months: tuple[int, ...]
    by_month: tuple[float, ...]  # each month of the year, as shares of the mean
    chance: float  # probability of a season this strong in noise
    seen: int  # number of months


def season(totals: Floats, months: Ints) -> Season | None:
    """Return the season of these months' totals, or None. `months` count from January 1970; unknown
    months are absent.

    Returns None if there are fewer than two cycles, if noise could be as seasonal (the F-test of
    the months' means, on the trend's residuals), or if no month stands out.
    """
    if not len(totals) or np.ptp(months) + 1 < LEAST_MONTHS or totals.mean() <= 0:
        return None
    month = months % YEAR
    if np.count_nonzero(totals) < LEAST_BUSY or len(np.unique(month)) < YEAR:
        return None
    seasonal, rest = _decomposed(totals, months)
    spread = float(np.var(seasonal[month] + rest))
    if spread <= 0:
        return None
    strength = max(0.0, 1 - float(np.var(rest)) / spread)
    chance = _chance(seasonal[month], rest)
    shares = 1 + seasonal / totals.mean()
    high = tuple(int(at) + 1 for at in np.flatnonzero(shares >= HIGH))
    if strength < LEAST_STRENGTH or chance > CHANCE or not high:
        return None
    return Season(strength, high, tuple(float(share) for share in shares), chance, len(totals))


def _decomposed(totals: Floats, months: Ints) -> tuple[Floats, Floats]:
    """Return the seasonal part and the remainder of the monthly totals, after removing a linear
    trend.

    The seasonal part has one value per month of the year, with mean 0. One least-squares fit
    estimates trend and months together, so neither absorbs the effect of the other. A moving
    average would lose a year at the ends; the fit uses all months.
    """
    time = months - months.mean()
    design = np.column_stack((np.eye(YEAR)[months % YEAR], time))
    solution, *_ = np.linalg.lstsq(design, totals, rcond=None)
    seasonal = solution[:YEAR] - solution[:YEAR].mean()
    rest: Floats = totals - design @ solution
    return seasonal, rest


def _chance(seasonal: Floats, rest: Floats) -> float:
    """Return the p-value of the hypothesis that all months have the same mean: one-way analysis
    of variance (R. A. Fisher, 1925)."""
    free = len(rest) - YEAR - 1
    within = float((rest**2).sum())
    if free <= 0:
        return 1.0
    if within <= 0:
        return 0.0
    ratio = (float((seasonal**2).sum()) / (YEAR - 1)) / (within / free)
    return float(scipy.special.fdtrc(YEAR - 1, free, ratio))
