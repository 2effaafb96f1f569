"""Estimates how the month of the year changes the amount of a series, such as a bonus each June.
Pure functions."""

from dataclasses import dataclass

import numpy as np

from graph.enrich.series.activity import Floats
from graph.enrich.series.periods import Frequency, Ints

TELLING = 0.1  # in log amounts: the least difference from the neighbouring months
BESIDE = 3  # occurrences on each side with which a month is compared


@dataclass(frozen=True)
class Effect:
    """The effect of a month on a series' amount, in logarithms.

    `sure` is the effect if several years agree. `once` is the effect if it was seen a single time
    and may come again.
    """

    sure: float = 0.0
    once: float = 0.0


def month_effect(frequency: Frequency, slots: Ints, amounts: Floats, slot: int) -> Effect:
    """Return the effect of the month of `slot`: how far the amounts in that month of earlier years
    were from the amounts around them.

    `slots` and `amounts` (logarithms) are those of the occurrences so far.
    """
    if not _has_months(frequency) or np.ptp(amounts) <= TELLING:
        return Effect()
    same = np.flatnonzero((slot - slots) % (12 // frequency.step) == 0)
    beside = [_beside(amounts, at) for at in same.tolist()]
    effects = [float(amounts[at]) - usual for at, usual in zip(same, beside, strict=True)]
    telling = [effect for effect in effects if abs(effect) > TELLING]
    if len(telling) < len(effects) or not telling or np.ptp(telling) > abs(np.median(telling)):
        return Effect()
    middle = float(np.median(telling))
    return Effect(sure=middle) if len(telling) > 1 else Effect(once=middle)


def without(frequency: Frequency, slots: Ints, amounts: Floats) -> Floats:
    """Return the log amounts without the effects of their months, if several years agree on an
    effect."""
    if (
        not _has_months(frequency)
        or len(amounts) <= 12 // frequency.step
        or np.ptp(amounts) <= TELLING
    ):
        return amounts
    effects = amounts - _all_beside(amounts)
    of_year = slots % (12 // frequency.step)
    plain = amounts.copy()
    for month in np.unique(of_year[np.abs(effects) > TELLING]).tolist():
        own = effects[of_year == month]
        middle = float(np.median(own))
        if len(own) > 1 and np.abs(own).min() > TELLING and np.ptp(own) <= abs(middle):
            plain[of_year == month] -= middle
    return plain


def _has_months(frequency: Frequency) -> bool:
    return (
        frequency.monthly
        and frequency.times == 1
        and 12 % frequency.step == 0
        and frequency.step < 12
    )


def _all_beside(amounts: Floats) -> Floats:
    """Return, for each occurrence, the median of the amounts around it, as `_beside` does for
    one."""
    padded = np.pad(amounts, BESIDE, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * BESIDE + 1).copy()
    windows[:, BESIDE] = np.nan
    return np.asarray(np.nanmedian(windows, axis=1), dtype=np.float64)


def _beside(amounts: Floats, at: int) -> float:
    """Return the median of the amounts around position `at`, without the one itself."""
    around = np.delete(amounts, at)
    return float(np.median(around[max(at - BESIDE, 0) : at + BESIDE]))
