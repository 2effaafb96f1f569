"""How the month of the year changes the amount of a series, such as a bonus each June. Pure."""

from dataclasses import dataclass

import numpy as np

from graph.enrich.series.activity import Floats
from graph.enrich.series.periods import Ints, Rhythm

TELLING = 0.1  # of log amounts: what a month is above or below those beside it, to tell anything
BESIDE = 3  # occurrences on each side that a month is compared with


@dataclass(frozen=True)
class Effect:
    """What a month of the year does to a series' amount, in logarithms: `sure` where several years
    agree, `once` where it was seen a single time and may come again."""

    sure: float = 0.0
    once: float = 0.0


def month_effect(rhythm: Rhythm, slots: Ints, amounts: Floats, slot: int) -> Effect:
    """Of the slot's month, by the occurrences' slots and logarithms of amounts: how far the same
    month of the years before was from those beside it."""
    if not rhythm.monthly or 12 % rhythm.step or rhythm.step == 12:
        return Effect()
    same = np.flatnonzero((slot - slots) % (12 // rhythm.step) == 0)
    beside = [_beside(amounts, at) for at in same.tolist()]
    effects = [float(amounts[at]) - usual for at, usual in zip(same, beside, strict=True)]
    telling = [effect for effect in effects if abs(effect) > TELLING]
    if len(telling) < len(effects) or not telling or np.ptp(telling) > abs(np.median(telling)):
        return Effect()
    middle = float(np.median(telling))
    return Effect(sure=middle) if len(telling) > 1 else Effect(once=middle)


def _beside(amounts: Floats, at: int) -> float:
    """The median of the occurrences around one, without it."""
    around = np.delete(amounts, at)
    return float(np.median(around[max(at - BESIDE, 0) : at + BESIDE]))
