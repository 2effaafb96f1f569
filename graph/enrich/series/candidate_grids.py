"""Selects the grids that are worth fitting to sets of days, and computes what each could be worth
at most. Pure functions.

The values are upper bounds of the odds that `grid_fit` computes. A grid that cannot be the best is
never fitted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np
import scipy  # it imports scipy.special when that is first used
from numpy.typing import NDArray

from graph.enrich.columns import ragged
from graph.enrich.series.activity import Floats, around
from graph.enrich.series.best_run import runs
from graph.enrich.series.day_sets import Sets
from graph.enrich.series.periods import CYCLE, FREQUENCIES, PERIOD, Days, Frequency, Grids, Ints

Flags = NDArray[np.bool_]

FEWEST = 4  # occurrences; three intervals are the fewest that could contradict a frequency
FEWEST_YEARLY = 3  # occurrences of a yearly series, because books of ten years are rare
LONG = 150  # days; frequencies of longer periods are known from fewer occurrences
KEEPING = (0.97, 0.85, 0.55)  # shares of kept agreed days; the last allows a long pause
SLACK = 1.3  # factor by which a window may be quieter than the windows of its phase on average
# By the place of the frequency in RHYTHMS.
LEAST_OF = np.array([FEWEST_YEARLY if r.period > LONG else FEWEST for r in FREQUENCIES])


@dataclass(frozen=True)
class Tries:
    """Grids and widths to try, one per row: `of` is the set to be fitted, `frequency` a place in
    FREQUENCIES.

    `share` is the share of the activity in the window, and `bound` an upper bound of the odds.
    """

    of: Ints
    frequency: Ints
    phase: Ints
    width: Ints
    share: Floats
    bound: Floats

    def __len__(self) -> int:
        return len(self.of)

    def only(self, places: NDArray[np.generic]) -> "Tries":
        return Tries(**{name: values[places] for name, values in vars(self).items()})

    @property
    def grids(self) -> Grids:
        return Grids(self.frequency, self.phase)

    @property
    def price(self) -> Floats:
        return price(self.frequency, self.width)


_SHORTEST = [(int(n), float((n - 1.5) * p)) for n, p in zip(LEAST_OF, PERIOD, strict=False)]


def price(frequency: Ints, width: Ints) -> Floats:
    """Return what the choice of a grid costs, in log odds: the logarithm of the number of
    frequencies, phases, widths and shares of kept days to choose from, plus the frequency's
    rarity."""
    choices = WINDOWS[frequency] * len(KEEPING) * np.maximum(CYCLE[frequency] / width, 1)
    return np.asarray(np.log(USUAL * choices) + RARITY[frequency])


RARITY = np.array([frequency.rarity for frequency in FREQUENCIES])
USUAL = int((RARITY == 0).sum())  # frequencies among which one is chosen; the rare ones add little
WINDOWS = np.array([len(frequency.windows) for frequency in FREQUENCIES])


def worth_trying(sets: Sets, least: Floats) -> Tries:
    """Return the grids whose odds could exceed the set's `least`: for each frequency and width the
    phase with most of the set's days.

    They are in the order of the sets, those with the highest bound first.
    """
    parts = [tries for place in range(len(FREQUENCIES)) for tries in _of_frequency(sets, place)]
    every = Tries(*(np.concatenate(columns) for columns in zip(*(vars(f).values() for f in parts),
                                                         strict=True)))  # fmt: skip
    order = np.lexsort((-every.bound, every.of))
    return every.only(order[every.bound[order] > least[every.of[order]]])


def _of_frequency(sets: Sets, place: int) -> Iterator[Tries]:
    frequency = FREQUENCIES[place]
    some = np.flatnonzero(_long_enough(sets, place))
    rows, of = ragged.taken(sets.begin, some)
    before = around(Days(sets.days.day[rows]), of, len(some), frequency)
    for width in frequency.windows:
        within = before[:, width : width + frequency.cycle] - before[:, : frequency.cycle]
        start = within.argmax(axis=1)
        hits = within[np.arange(len(some)), start]
        yield _tries(sets, some, (place, width), start, hits)


def _tries(sets: Sets, some: Ints, shape: tuple[int, int], start: Ints, hits: Ints) -> Tries:
    place, width = shape
    share = sets.others.share(sets.group[some], place, start, width)
    phase = (start + width // 2) % FREQUENCIES[place].cycle
    frequency, widths = np.full(len(some), place), np.full(len(some), width)
    bound = _bound(sets, some, FREQUENCIES[place], share, hits) - price(frequency, widths)
    return Tries(some, frequency, phase, widths, share, bound)


def _long_enough(sets: Sets, place: int) -> Flags:
    """Return one boolean per set: whether its days could be enough occurrences of the frequency
    at `place`."""
    fewest, least = _SHORTEST[place]
    return (sets.lengths >= fewest) & (sets.span > least)


def is_long_enough(days: int, span: int) -> bool:
    """Return whether this number of days over a span (in days) could be a series of any
    frequency."""
    return any(days >= fewest and span > least for fewest, least in _SHORTEST)


def _bound(sets: Sets, some: Ints, frequency: Frequency, share: Floats, hits: Ints) -> Floats:
    """Return an upper bound of the log odds of each set in `some`, if `hits` of its days are in the
    window.

    It holds for a series over the whole span or a part of it. It assumes the average activity at
    these phases; SLACK allows for quieter times.
    """
    n, slots = sets.lengths[some], sets.span[some] / frequency.period + 1
    m = np.minimum(hits, slots.astype(np.int64) + 1)
    dense = np.maximum(1.0, n / slots / 3)
    slack = np.log(SLACK / share)
    part = m * (slack + 1 + _entropy(dense - 1) - _entropy(dense)) - 2 * np.log(n)
    empty = np.maximum(slots - m, 0.0)
    hit_share = np.clip(m / (m + empty), 0.3, 0.99)
    whole = m * (slack + np.log(slots * hit_share) + 1) + empty * np.log(1 - hit_share)
    whole += _entropy(n - m) - _entropy(n)
    return np.asarray(np.maximum(part, whole), dtype=np.float64)


def _entropy(n: Floats | Ints) -> Floats:
    return np.asarray(scipy.special.xlogy(n, n), dtype=np.float64)


def of_runs(sets: Sets, tries: Tries) -> Floats:
    """Return a closer upper bound of the log odds of each try: of its best run of slots that have a
    day in the window.

    It assumes that the span of the run has at least half of the set's usual density of days.
    """
    slots, begin = _slots_hit(sets, tries)
    every = sets.span[tries.of] / PERIOD[tries.frequency] + 1
    gain = np.log(SLACK / tries.share) + 1 + np.log(2 * every / sets.lengths[tries.of])
    gains = np.repeat(gain, np.diff(begin))
    worth = np.zeros(len(tries))
    for h, (first, end) in zip(KEEPING, runs(gains, slots, begin, KEEPING), strict=True):
        empty = slots[begin[:-1] + end - 1] - slots[begin[:-1] + first] + 1 - (end - first)
        worth = np.maximum(worth, (end - first) * (gain + log(h)) + empty * log(1 - h))
    return worth - tries.price


def _slots_hit(sets: Sets, tries: Tries) -> tuple[Ints, Ints]:
    """Return the numbers of the slots that have a day in the window, try after try, and where each
    try begins.

    The numbers are approximate, because months have different lengths.
    """
    rows, of = ragged.taken(sets.begin, tries.of)
    frequency = tries.frequency[of]
    start = (tries.phase - tries.width // 2)[of]
    inside = (sets.phases[frequency, rows] - start) % CYCLE[frequency] < tries.width[of]
    day, of = sets.days.day[rows[inside]], of[inside]
    begin = ragged.cut(of, len(tries))
    first = day[begin[:-1]][of]
    slots = np.floor((day - first) / PERIOD[tries.frequency[of]] + 0.5).astype(np.int64)
    new = np.ones(len(slots), dtype=bool)
    new[1:] = (np.diff(slots) != 0) | (np.diff(of) != 0)
    return slots[new], ragged.cut(of[new], len(tries))
