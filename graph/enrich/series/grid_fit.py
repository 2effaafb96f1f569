"""Fits sets of days to the grids of all frequencies: does each set keep a grid better than chance
would?

The measure is a likelihood ratio. By chance, payments fall on the days on which the books move
money at all: a Poisson process whose intensity goes with the books' activity, seen day by day. A
series has at most one occurrence for each agreed day, with probability h, near that day, again in
proportion to the activity; days that are not of the series fall by chance as before. For m
occurrences among n days and e agreed days without one

    ln LR = sum(ln h + ln k + ln A - ln N(n)) + e ln(1 - h)
            + (n - m) (ln N(n - m) - ln N(n)) + L(n) - L(n - m)

where A is the activity of the span, k is 1 / activity of the window (or of its tails for the few
that come early or late), N(x) = x / (1 - x / D) and L(x) = -D ln(1 - x / D) for the D days on which
anything happens at all (E. H. Simpson's effective number, Nature 163 (1949), 688; where D is great,
N(x) and L(x) are x: a mere Poisson process). If everybody is paid on Thursdays, D counts Thursdays,
and a party that is often paid on them proves nothing.

The price of choosing is subtracted: of frequency, phase, width and h, of beginning and end (a
Bonferroni correction; "look-elsewhere effect", E. Gross and O. Vitells, Eur. Phys. J. C 70 (2010),
525-530). The rest is the logarithm of odds: books with their days shuffled reach x with a
probability of at most about exp(-x), whatever weekdays, pay days and closed days they have.

The point process and its likelihood: D. J. Daley, D. Vere-Jones, "An Introduction to the Theory of
Point Processes", vol. I, 2nd ed. (2003), section 7.1.

Many sets are fitted at once, each step for all of them: tenants have thousands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import ragged
from graph.enrich.series import candidate_grids
from graph.enrich.series.activity import Floats, Others
from graph.enrich.series.best_run import Run, runs
from graph.enrich.series.candidate_grids import KEEPING, LEAST_OF, Tries
from graph.enrich.series.day_sets import FitRequest, Sets, chunks
from graph.enrich.series.periods import FREQUENCIES, PERIOD, TAIL_DAYS, Grid, Ints

Flags = NDArray[np.bool_]

LEAST_KEPT = 0.4  # least share of agreed days that a series keeps, however unlikely by chance
TAIL = 0.06  # share of the occurrences that come early or late
UNLIKE = 0.1  # difference of log amounts that counts as much as a whole window of days
MOST_UNLIKE = 5.0  # most of these differences that count
ALIKE = 0.02  # largest difference of log amounts that are about the same


@dataclass(frozen=True)
class Fit:
    """A grid that a set of days keeps.

    `hits` are the positions in the set of the days that keep it, one per slot, in order. `slots`
    and `offsets` are each one's slot and its days after the agreed day.
    """

    grid: Grid
    width: int
    hits: Ints
    slots: Ints
    offsets: Ints
    odds: float  # natural logarithm, after the price of choosing
    kept: float  # h

    @property
    def expected(self) -> int:
        """Return the number of agreed days from the first occurrence to the last."""
        return int(self.slots[-1] - self.slots[0]) + 1


def best(requests: Sequence[FitRequest], others: Others, sure: float) -> list[Fit | None]:
    """Return, for each set, the fit with the greatest odds over all frequencies, or None if no odds
    reach `sure`.

    If several days are in one slot, the day whose amount is most similar to the others is taken.
    """
    return [fit for some in chunks(requests) for fit in _best(Sets.of(some, others), sure)]


def _best(sets: Sets, sure: float) -> list[Fit | None]:
    """Return the best fit of each set, or None. The candidates with the highest bounds are tried
    first, for all sets at once."""
    fits = _Found.none(sure + sets.price)
    every = candidate_grids.worth_trying(sets, fits.odds)
    begin = ragged.cut(every.of, len(sets))
    turn = 0
    while len(places := _candidates_of_turn(every, begin, turn, fits.odds)):
        some = every.only(places)
        worth = candidate_grids.of_runs(sets, some) > fits.odds[some.of]
        if worth.any():
            fits.take(_fits(sets, some.only(worth)), places[worth], some.of[worth])
        turn += 1
    return _with_ends(sets, every, fits)


def _candidates_of_turn(every: Tries, begin: Ints, turn: int, least: Floats) -> Ints:
    """Return the candidates to try in this turn: the turn's next one of each set, if its bound
    exceeds the set's best odds so far."""
    places = begin[:-1] + turn
    places = places[places < begin[1:]]
    return places[every.bound[places] > least[every.of[places]]]


@dataclass(frozen=True)
class _Found:
    """The best run so far of each set or grid: its odds, its begin and end among the near days,
    and the number of its try (-1: none yet)."""

    odds: Floats
    begin: Ints
    end: Ints
    place: Ints

    @classmethod
    def none(cls, least: Floats) -> "_Found":
        """Return an empty entry per element of `least`. A run replaces it if its odds are better
        than that."""
        zeros = np.zeros(len(least), dtype=np.int64)
        return cls(least.copy(), zeros, zeros.copy(), zeros - 1)

    def take(self, others: "_Found", place: Ints, at: Ints) -> None:
        """Replace the entries `at` by the runs in `others` that have better odds. `place` has
        the number of the try of each run."""
        better = others.odds > self.odds[at]
        self.place[at[better]] = place[better]
        for name in ("odds", "begin", "end"):
            getattr(self, name)[at[better]] = getattr(others, name)[better]


def _fits(sets: Sets, some: Tries) -> _Found:
    """Return the best run of each grid, with the share of kept days that gives the best odds."""
    fits = _Found.none(np.full(len(some), -np.inf))
    near, enough = _with_enough_days(sets, some)
    if not len(enough):
        return fits
    tries = some.only(enough)
    density = _density(sets, tries, near)
    since, until = _span(tries, near.slots[near.begin[:-1]], near.slots[near.begin[1:] - 1])
    group, n = sets.group[tries.of], sets.lengths[tries.of]
    every, rate = _chance(n, sets.others.cells(group, since, until))
    rates = np.log(sets.others.between(group, since, until) / every) + rate / n
    gains = density + np.repeat(rates, np.diff(near.begin))
    for run in runs(gains, near.slots, near.begin, KEEPING):
        odds = _judged(sets, tries, near, density, run)
        fits.take(_Found(odds, *run, enough), enough, enough)
    return fits


@dataclass(frozen=True)
class _Near:
    """For each grid, one day for each slot that has a day within the window and its tails.

    `places` refer to the sets' days, in the order of slots. `begin` has the start of each grid.
    """

    places: Ints
    amounts: Floats
    slots: Ints
    offsets: Ints
    inside: Flags
    begin: Ints

    def only(self, rows: Ints | Flags, begin: Ints) -> "_Near":
        places, slots, offsets = (
            column[rows] for column in (self.places, self.slots, self.offsets)
        )
        return _Near(places, self.amounts[rows], slots, offsets, self.inside[rows], begin)


def _with_enough_days(sets: Sets, some: Tries) -> tuple[_Near, Ints]:
    """Return the near days of those grids that have enough of them, and the numbers of these
    grids in `some`."""
    near, of = _near(sets, some)
    counts = np.diff(near.begin)
    has_enough = counts >= LEAST_OF[some.frequency]
    return near.only(has_enough[of], ragged.begins(counts[has_enough])), np.flatnonzero(has_enough)


def _near(sets: Sets, some: Tries) -> tuple[_Near, Ints]:
    rows, of = ragged.taken(sets.begin, some.of)
    slots = some.grids.slots(sets.days.at(rows), of)
    offsets = sets.days.day[rows] - some.grids.agreed(slots, of)
    low, high, tail = _window(some)
    far = (offsets < (low - tail)[of]) | (offsets > (high + tail)[of])
    rows, of, slots, offsets = (column[~far] for column in (rows, of, slots, offsets))
    inside, amounts = (offsets >= low[of]) & (offsets <= high[of]), sets.amounts[rows]
    width = some.width[of]
    cost = np.abs(offsets) + width * ~inside
    rows_chosen = _one_a_slot(of, slots, cost)
    if len(rows_chosen) < len(rows):
        usual = ragged.medians(amounts[rows_chosen], of[rows_chosen], len(some))[of]
        unlike = np.minimum(np.abs(amounts - usual) / UNLIKE, MOST_UNLIKE)
        rows_chosen = _one_a_slot(of, slots, cost / width + unlike)
    of = of[rows_chosen]
    near = _Near(rows, amounts, slots, offsets, inside, np.zeros(0, dtype=np.int64))
    return near.only(rows_chosen, ragged.cut(of, len(some))), of


def _window(some: Tries) -> tuple[Ints, Ints, Ints]:
    """Return, for each grid, the window's first and last day relative to the agreed day, and the
    days of the tails before and after it."""
    return -(some.width // 2), (some.width - 1) // 2, TAIL_DAYS[some.frequency]


def _one_a_slot(of: Ints, slots: Ints, cost: Floats | Ints) -> Ints:
    """Return the row with the least `cost` in each slot of each grid; of equal rows the first.
    `of` has the grid of each row."""
    order = np.lexsort((cost, slots, of))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(slots[order]) != 0) | (np.diff(of[order]) != 0)
    return np.asarray(order[new], dtype=np.int64)


def _density(sets: Sets, some: Tries, near: _Near) -> Floats:
    """Return ln k of each near day: how densely the series puts its occurrences there, per unit
    of activity."""
    of = np.repeat(np.arange(len(some)), np.diff(near.begin))
    group, agreed = sets.group[some.of[of]], some.grids.agreed(near.slots, of)
    low, high, tail = (bounds[of] for bounds in _window(some))
    window = sets.others.between(group, agreed + low, agreed + high + 1)
    wide = sets.others.between(group, agreed + low - tail, agreed + high + tail + 1)
    return np.asarray(np.log(TAIL / wide + near.inside * (1 - TAIL) / window))


def _span(some: Tries, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return (first day, day after the last) of each grid: half a period before the slot `first`
    to half a period after the slot `last`."""
    half, of = (PERIOD[some.frequency] // 2).astype(np.int64), np.arange(len(some))
    return some.grids.agreed(first, of) - half, some.grids.agreed(last, of) + half + 1


def _judged(sets: Sets, some: Tries, near: _Near, density: Floats, run: Run) -> Floats:
    """Return the log odds of each run (minus infinity if it is too short), with the share of
    kept days and the other days that it really has."""
    begin, end = (near.begin[:-1] + offset for offset in run)
    first, last, m = near.slots[begin], near.slots[end - 1], end - begin
    since, until = _span(some, first, last)
    group, n = sets.group[some.of], sets.within(some.of, since, until)
    empty = last - first + 1 - m
    hit_share = np.minimum(m / (m + empty), 0.99)
    odds = ragged.sums(density, begin, end)
    odds += m * np.log(hit_share * sets.others.between(group, since, until))
    odds += empty * np.log(1 - hit_share)
    odds -= _by_chance(n, m, sets.others.cells(group, since, until)) + some.price
    every = np.diff(near.begin)
    odds -= np.where(m < every, 2 * np.log(every), 0)
    none = (m < LEAST_OF[some.frequency]) | (m < LEAST_KEPT * (m + empty))
    return np.where(none, -np.inf, odds)


def _chance(n: Ints, cells: Floats) -> tuple[Floats, Floats]:
    """Return N(n) and L(n) of the module's formula for n days and D = `cells`."""
    cells = np.maximum(cells, n + 1.0)
    return n / (1 - n / cells), -cells * np.log(1 - n / cells)


def _by_chance(n: Ints, m: Ints, cells: Floats) -> Floats:
    """Return the log likelihood of n days by chance, less that of the n - m days that are not in
    the series."""
    cells = np.maximum(cells, n + 1.0)
    odds, rate = _chance(n, cells)
    less, rest = _chance(n - m, cells)
    others = np.where(n == m, 0.0, (n - m) * np.log(np.where(n == m, 1.0, less)) - rest)
    return np.asarray(n * np.log(odds) - rate - others)


def _with_ends(sets: Sets, every: Tries, winners: _Found) -> list[Fit | None]:
    """Return the fit of each set's winning run, extended at both ends, or None without one."""
    fits: list[Fit | None] = [None] * len(sets)
    some = np.flatnonzero(winners.place >= 0)
    if not len(some):
        return fits
    tries = every.only(winners.place[some])
    near, _ = _near(sets, tries)
    for at, one in enumerate(some.tolist()):
        grid = Grid(FREQUENCIES[tries.frequency[at]], int(tries.phase[at]))
        begin, end = (int(near.begin[at] + bounds[one]) for bounds in (winners.begin, winners.end))
        fit = _whole(sets, near, (grid, int(tries.width[at])), (at, begin, end))
        odds = float(winners.odds[one] - sets.price[one])
        fits[one] = replace(fit, odds=odds, hits=fit.hits - sets.begin[one])
    return fits


def _whole(sets: Sets, near: _Near, shape: tuple[Grid, int], run: tuple[int, int, int]) -> Fit:
    """Return the fit of a run, extended by the next occurrence at each end if that is late or early
    and has about the same amount.

    `shape` is (grid, width), and `run` is (number of the grid, begin, end). An occurrence outside
    the window proves nothing by itself, so the best run ends before it.
    """
    at, begin, end = run
    first, last, m = int(near.slots[begin]), int(near.slots[end - 1]), end - begin
    inner = near.amounts[begin:end]
    low, high = inner.min() - ALIKE, inner.max() + ALIKE

    def belongs(place: int, slot: int) -> bool:
        inside = near.begin[at] <= place < near.begin[at + 1] and near.slots[place] == slot
        return bool(inside and low <= near.amounts[place] <= high)

    begin -= belongs(begin - 1, first - 1)
    end += belongs(end, last + 1)
    hits, slots, offsets = (column[begin:end] for column in (near.places, near.slots, near.offsets))
    return Fit(*shape, hits, slots, offsets, 0.0, min(m / (last - first + 1), 0.99))
