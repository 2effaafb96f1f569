"""One set of days against the grids of all rhythms: does it keep one, better than chance would?

The measure is a likelihood ratio. By chance, payments fall on the days on which the books move
money at all: a Poisson process whose intensity goes with the books' activity, seen day by day. A
series has at most one occurrence for each agreed day, with probability h, near that day, again in
proportion to the activity; what is not of the series falls by chance as before. For m occurrences
among n days and e agreed days without one

    ln LR = sum(ln h + ln k + ln A - ln N(n)) + e ln(1 - h)
            + (n - m) (ln N(n - m) - ln N(n)) + L(n) - L(n - m)

where A is the activity of the span, k is 1 / activity of the window (or of its tails for the few
that come early or late), N(x) = x / (1 - x / D) and L(x) = -D ln(1 - x / D) for the D days on which
anything happens at all (E. H. Simpson's effective number, Nature 163 (1949), 688; where D is great,
N(x) and L(x) are x: a mere Poisson process). Where everybody is paid on Thursdays, D counts
Thursdays, and to be paid on each of them says nothing of one who is paid often.

From it goes the price of having chosen: of rhythm, phase, width and h, of beginning and end (a
Bonferroni correction; "look-elsewhere effect", E. Gross and O. Vitells, Eur. Phys. J. C 70 (2010),
525-530). What is left is the logarithm of odds: books with their days shuffled reach x with a
probability of at most about exp(-x), whatever weekdays, pay days and closed days they have.

The point process and its likelihood: D. J. Daley, D. Vere-Jones, "An Introduction to the Theory of
Point Processes", vol. I, 2nd ed. (2003), section 7.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from graph.enrich.activity import Floats, OtherActivity, around
from graph.enrich.rhythms import RHYTHMS, Days, Grid, Ints, Rhythm

Bools = NDArray[np.bool_]

FEWEST = 4  # occurrences; three intervals are the fewest that could contradict a rhythm
FEWEST_YEARLY = 3  # books of ten years are rare
KEEPING = (0.97, 0.85, 0.55)  # shares of agreed days that are kept; the last bears a long pause
LEAST_KEPT = 0.4  # of the agreed days; less is no rhythm, however far from chance
TAIL = 0.06  # of the occurrences come early or late
SLACK = 1.3  # times that a window may be quieter than those of its phase on average
UNLIKE = 0.1  # of log amounts: as bad as a whole window's distance
MOST_UNLIKE = 5.0  # such distances; more is not worse
ALIKE = 0.02  # of log amounts: what costs about the same


@dataclass(frozen=True)
class Fit:
    """A grid that a set of days keeps. `hits`: places in the set, one a slot, in order."""

    grid: Grid
    width: int
    hits: Ints
    slots: Ints
    offsets: Ints
    odds: float  # natural logarithm, the price of choosing paid
    kept: float  # h

    @property
    def expected(self) -> int:
        """Agreed days from the first occurrence to the last."""
        return int(self.slots[-1] - self.slots[0]) + 1


@dataclass(frozen=True, slots=True)
class _Try:
    """A grid worth fitting, and the greatest odds that it could have."""

    bound: float
    grid: Grid
    width: int
    share: float  # of the activity in such windows


def best(
    days: Days, amounts: Floats, activity: OtherActivity, price: float, sure: float
) -> Fit | None:
    """The rhythm that these days keep by the greatest odds, or None if none has odds of `sure`.

    `amounts` (logarithms) choose between days of one slot: the one most like the others. `price`
    is what the choice of this very set cost.
    """
    found: Fit | None = None
    least = sure + price
    for one in sorted(_tries(days, activity), key=lambda one: -one.bound):
        if one.bound <= least:
            break
        if _run_bound(days, one) <= least:
            continue
        fit = _fit(days, amounts, activity, one.grid, one.width)
        if fit is not None and fit.odds > least:
            found, least = fit, fit.odds
    return found and replace(found, odds=found.odds - price)


def _tries(days: Days, activity: OtherActivity) -> Iterator[_Try]:
    """Each rhythm and width, at the phase that has most of the days."""
    for rhythm in RHYTHMS:
        if not _long_enough(days, rhythm):
            continue
        before = around(days, rhythm)
        for width in rhythm.windows:
            within = before[width : width + rhythm.cycle] - before[: rhythm.cycle]
            start = int(within.argmax())
            share = activity.share(rhythm, start, width)
            one = _Try(0.0, Grid(rhythm, (start + width // 2) % rhythm.cycle), width, share)
            yield replace(one, bound=_bound(days, one, int(within[start])))


def _run_bound(days: Days, one: _Try) -> float:
    """What the best run of slots with a day in the window could be worth, at half the density."""
    slots = _slots_hit(days, one)
    every = float(days.day[-1] - days.day[0]) / one.grid.rhythm.period + 1
    gain = log(SLACK / one.share) + 1 + log(2 * every / len(days.day))
    worth = 0.0
    for h in KEEPING:
        gains = np.full(len(slots), gain + log(h))
        begin, end = _run(gains, slots, log(1 - h))
        empty = int(slots[end - 1] - slots[begin]) + 1 - (end - begin)
        worth = max(worth, float(gains[begin:end].sum()) + empty * log(1 - h))
    return worth - _price(one.grid.rhythm, one.width)


def _slots_hit(days: Days, one: _Try) -> Ints:
    """The slots in which any of the days lies within the window: about, months being unlike."""
    rhythm = one.grid.rhythm
    start = one.grid.phase - one.width // 2
    inside = days.day[(days.phases(rhythm) - start) % rhythm.cycle < one.width]
    slots: Ints = np.floor((inside - inside[0]) / rhythm.period + 0.5).astype(np.int64)
    return np.unique(slots)


def _bound(days: Days, one: _Try, m: int) -> float:
    """What m days within the window could be worth at most, of the whole span or of a part of it.

    Were the activity as it is at these phases on average; SLACK allows for quieter times.
    """
    rhythm = one.grid.rhythm
    n, slots = len(days.day), float(days.day[-1] - days.day[0]) / rhythm.period + 1
    m = min(m, int(slots) + 1)
    dense = max(1.0, n / slots / 3)
    each = log(SLACK / one.share)
    part = m * (each + 1 + _entropy(dense - 1) - _entropy(dense)) - 2 * log(n)
    empty = max(slots - m, 0.0)
    kept = min(max(m / (m + empty), 0.3), 0.99)
    whole = m * (each + log(slots * kept) + 1) + empty * log(1 - kept)
    whole += _entropy(n - m) - _entropy(n)
    return max(part, whole) - _price(rhythm, one.width)


def _fewest(rhythm: Rhythm) -> int:
    return FEWEST_YEARLY if rhythm.frequency == "yearly" else FEWEST


def _long_enough(days: Days, rhythm: Rhythm) -> bool:
    """Whether the days could be so many occurrences."""
    fewest = _fewest(rhythm)
    span = days.day[-1] - days.day[0] if len(days.day) else 0
    return len(days.day) >= fewest and bool(span > (fewest - 1.5) * rhythm.period)


def _fit(
    days: Days, amounts: Floats, activity: OtherActivity, grid: Grid, width: int
) -> Fit | None:
    """The best run of this grid, with the share of kept days that suits it best."""
    near = _near(days, amounts, grid, width)
    if len(near.places) < _fewest(grid.rhythm):
        return None
    density = _density(activity, near)
    span, n = _span(grid, near.slots[[0]], near.slots[[-1]]), len(days.day)
    odds, rate = _chance(n, activity.cells(*span))
    gains = density + np.log(activity.between(*span)[0] / odds) + rate / n
    runs = {_run(gains + log(h), near.slots, log(1 - h)) for h in KEEPING}
    fits = [_judged(days, activity, near, density, run) for run in runs]
    found = max((fit for fit in fits if fit), key=lambda fit: fit.odds, default=None)
    return None if found is None else _with_ends(found, near, amounts)


@dataclass(frozen=True)
class _Near:
    """One day for each slot of the grid that has any within the window and its tails."""

    grid: Grid
    width: int
    places: Ints
    slots: Ints
    offsets: Ints
    inside: Bools


def _near(days: Days, amounts: Floats, grid: Grid, width: int) -> _Near:
    slots = grid.slots(days)
    offsets = days.day - grid.agreed(slots)
    low, high = -(width // 2), (width - 1) // 2
    tail = grid.rhythm.tail
    places = np.flatnonzero((offsets >= low - tail) & (offsets <= high + tail))
    inside = (offsets >= low) & (offsets <= high)
    cost = np.abs(offsets) + width * ~inside
    chosen = _one_a_slot(places, slots, cost[places])
    if len(chosen) < len(places) and len(chosen):
        usual = np.median(amounts[chosen])
        unlike = np.minimum(np.abs(amounts[places] - usual) / UNLIKE, MOST_UNLIKE)
        chosen = _one_a_slot(places, slots, cost[places] / width + unlike)
    return _Near(grid, width, chosen, slots[chosen], offsets[chosen], inside[chosen])


def _one_a_slot(places: Ints, slots: Ints, cost: NDArray[np.float64] | Ints) -> Ints:
    """The cheapest place of each slot."""
    order = places[np.lexsort((places, cost, slots[places]))]
    new = np.ones(len(order), dtype=bool)
    new[1:] = slots[order[1:]] != slots[order[:-1]]
    return order[new]


def _density(activity: OtherActivity, near: _Near) -> Floats:
    """ln k of each: how much likelier than by activity alone it is to fall where it does."""
    agreed, width = near.grid.agreed(near.slots), near.width
    low, high, tail = -(width // 2), (width - 1) // 2, near.grid.rhythm.tail
    window = activity.between(agreed + low, agreed + high + 1)
    wide = activity.between(agreed + low - tail, agreed + high + tail + 1)
    density: Floats = np.log(TAIL / wide + near.inside * (1 - TAIL) / window)
    return density


def _with_ends(fit: Fit, near: _Near, amounts: Floats) -> Fit:
    """Also the very next occurrences at both ends, late or early ones, if they cost about the same.

    By itself one that is out of the window proves nothing, and the best run ends before it.
    """
    begin = int(np.searchsorted(near.slots, fit.slots[0]))
    end = begin + len(fit.slots)
    inner = amounts[fit.hits]
    low, high = inner.min() - ALIKE, inner.max() + ALIKE

    def belongs(at: int, slot: int) -> bool:
        inside = 0 <= at < len(near.slots) and near.slots[at] == slot
        return bool(inside and low <= amounts[near.places[at]] <= high)

    begin -= belongs(begin - 1, int(fit.slots[0]) - 1)
    end += belongs(end, int(fit.slots[-1]) + 1)
    hits, slots, offsets = (each[begin:end] for each in (near.places, near.slots, near.offsets))
    return replace(fit, hits=hits, slots=slots, offsets=offsets)


def _span(grid: Grid, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """From half a period before the first slot to half a period after the last."""
    half = int(grid.rhythm.period // 2)
    return grid.agreed(first) - half, grid.agreed(last) + half + 1


def _run(gains: Floats, slots: Ints, loss: float) -> tuple[int, int]:
    """The run of occurrences whose gains less the losses of empty slots are greatest.

    J. Kadane's maximum subarray (J. Bentley, CACM 27 (1984), 865-873), by running sums.
    """
    lost = np.zeros(len(slots))
    lost[1:] = loss * (slots[1:] - slots[:-1] - 1)
    after = np.cumsum(gains + lost)
    before = after - gains
    start = np.minimum.accumulate(before)
    end = int((after - start).argmax())
    begin = int(before[: end + 1].argmin())
    return begin, end + 1


def _judged(
    days: Days, activity: OtherActivity, near: _Near, density: Floats, run: tuple[int, int]
) -> Fit | None:
    """The odds of the run, with the share kept and the other days as they are in it."""
    begin, end = run
    slots, hits = near.slots[begin:end], near.places[begin:end]
    m = len(hits)
    if m < _fewest(near.grid.rhythm):
        return None
    since, until = _span(near.grid, slots[[0]], slots[[-1]])
    n = int(np.searchsorted(days.day, until[0]) - np.searchsorted(days.day, since[0]))
    empty = int(slots[-1] - slots[0]) + 1 - m
    if m < LEAST_KEPT * (m + empty):
        return None
    kept = min(m / (m + empty), 0.99)
    odds = float(density[begin:end].sum()) + m * np.log(kept * activity.between(since, until)[0])
    odds += empty * log(1 - kept) - _by_chance(n, m, activity.cells(since, until))
    odds -= _price(near.grid.rhythm, near.width)
    odds -= 2 * log(len(near.places)) if m < len(near.places) else 0
    return Fit(near.grid, near.width, hits, slots, near.offsets[begin:end], float(odds), kept)


def _chance(n: int, cells: float) -> tuple[float, float]:
    """N and L: n days taken of so many."""
    cells = max(cells, n + 1.0)
    return n / (1 - n / cells), -cells * log(1 - n / cells)


def _by_chance(n: int, m: int, cells: float) -> float:
    """How well chance alone does with n days, less how well with those not of the series."""
    cells = max(cells, n + 1.0)
    odds, rate = _chance(n, cells)
    if n == m:
        return n * log(odds) - rate
    less, rest = _chance(n - m, cells)
    return n * log(odds) - (n - m) * log(less) - rate + rest


def _entropy(n: float) -> float:
    return n * log(n) if n > 0 else 0.0


def _price(rhythm: Rhythm, width: int) -> float:
    """What it cost to choose among rhythms, phases, widths and shares kept."""
    choices = len(RHYTHMS) * len(rhythm.windows) * len(KEEPING) * max(rhythm.cycle / width, 1)
    return log(choices)
