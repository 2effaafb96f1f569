"""Fits a frequency to days the slow, obvious way: tries every grid, one after the other."""

from math import log

import numpy as np

from graph.enrich.series.activity import FLOOR, SMOOTH
from graph.enrich.series.candidate_grids import FEWEST, FEWEST_YEARLY, KEEPING
from graph.enrich.series.grid_fit import LEAST_KEPT, MOST_UNLIKE, TAIL, UNLIKE
from graph.enrich.series.periods import FREQUENCIES, Days, Grid


class Around:
    """Counts the other events of the source on each day, without those of the group itself."""

    def __init__(self, every, own, *, in_runs=False):
        self.first, self.last = int(min(every)), int(max(every))
        counts = np.bincount(np.asarray(every) - self.first).astype(float)
        by_weekday = (counts > 0).sum() / len(every) if in_runs else 1.0
        np.subtract.at(counts, np.asarray(own) - self.first, 1)
        weekdays = np.zeros(7)
        np.add.at(weekdays, np.arange(self.first, self.last + 1) % 7, counts)
        mean = (max(weekdays.sum(), 0) + 1) / len(counts)
        share = np.maximum(weekdays, 0) + SMOOTH
        self.week = 7 * mean * by_weekday * (share / share.sum() + FLOOR / 7)
        self.counts = counts
        span = np.arange(min(own), max(own) + 1)
        busy = counts[span - self.first] + self.week[span % 7]
        self.busy = busy.sum() ** 2 / (busy**2).sum() / len(busy)

    def between(self, since, until):
        counts = self.counts[max(int(since) - self.first, 0) : max(int(until) - self.first, 0)]
        return counts.sum() + self.week[np.arange(int(since), int(until)) % 7].sum()

    def cells(self, since, until):
        return self.busy * (until - since)


def best(days, amounts, around, price, sure):
    """Fit a frequency to the days. Return (frequency, phase, width, hits, odds) of the best fit;
    None if there is no fit."""
    result = None
    for frequency in FREQUENCIES:
        fewest = FEWEST_YEARLY if frequency.step * frequency.monthly >= 6 else FEWEST
        if len(days) < fewest or days[-1] - days[0] <= (fewest - 1.5) * frequency.period:
            continue
        for width in frequency.windows:
            phase = _phase(days, frequency, width)
            fit = _fit(days, amounts, around, Grid(frequency, phase), width)
            if fit and fit[-1] > sure + price and (result is None or fit[-1] > result[-1] + 1e-9):
                result = fit
    return result and (*result[:-1], result[-1] - price)


def _phase(days, frequency, width):
    phases = Days(np.asarray(days)).phases(frequency)
    most = [((phases - start) % frequency.cycle < width).sum() for start in range(frequency.cycle)]
    return (int(np.argmax(most)) + width // 2) % frequency.cycle


def _fit(days, amounts, around, grid, width):
    near = _near(days, amounts, grid, width)
    fewest = FEWEST_YEARLY if grid.frequency.step * grid.frequency.monthly >= 6 else FEWEST
    if len(near) < fewest:
        return None
    density = [_density(around, grid, width, row) for row in near]
    since, until = _span(grid, near[0][1], near[-1][1])
    base = log(around.between(since, until) / _rate(len(days), around.cells(since, until)))
    base += _loss(len(days), around.cells(since, until)) / len(days)
    result = None
    for h in KEEPING:
        begin, end = _run(near, density, base + log(h), log(1 - h))
        odds = _odds(days, around, grid, width, near, density, (begin, end))
        if end - begin >= fewest and odds is not None and (result is None or odds > result[-1]):
            hits = _with_ends(near, amounts, begin, end)
            result = (grid.frequency.name, grid.phase, width, hits, odds)
    return result


def _near(days, amounts, grid, width):
    """The day that is nearest to each slot of the grid, as (position in `days`, slot, offset in
    days, whether it is inside the window), in the order of slots."""
    low, high, tail = -(width // 2), (width - 1) // 2, grid.frequency.tail
    slots = grid.slots(Days(np.asarray(days))).tolist()
    by_slot = {}
    for place, (day, slot) in enumerate(zip(days, slots, strict=True)):
        offset = int(day - grid.agreed(np.array([slot]))[0])
        if low - tail <= offset <= high + tail:
            inside = low <= offset <= high
            cost = abs(offset) + width * (not inside)
            by_slot.setdefault(slot, []).append((cost, place, slot, offset, inside))
    first = [min(rows) for _, rows in sorted(by_slot.items())]
    if any(len(rows) > 1 for rows in by_slot.values()):
        usual = np.median([amounts[row[1]] for row in first])

        def cost(row):
            unlike = min(abs(amounts[row[1]] - usual) / UNLIKE, MOST_UNLIKE)
            return (row[0] / width + unlike, row[1])

        first = [min(rows, key=cost) for _, rows in sorted(by_slot.items())]
    return [row[1:] for row in first]


def _density(around, grid, width, row):
    agreed = int(grid.agreed(np.array([row[1]]))[0])
    low, high, tail = -(width // 2), (width - 1) // 2, grid.frequency.tail
    wide = around.between(agreed + low - tail, agreed + high + tail + 1)
    window = around.between(agreed + low, agreed + high + 1)
    return log(TAIL / wide + row[3] * (1 - TAIL) / window)


def _span(grid, first, last):
    half = int(grid.frequency.period // 2)
    ends = grid.agreed(np.array([first, last]))
    return int(ends[0]) - half, int(ends[1]) + half + 1


def _run(near, density, gain, loss):
    """The consecutive slots that are worth most together, as positions in `near`: (begin, end)."""
    best_of = None
    for begin in range(len(near)):
        worth = 0.0
        for end in range(begin + 1, len(near) + 1):
            gap = near[end - 1][1] - near[end - 2][1] - 1 if end - 1 > begin else 0
            worth += density[end - 1] + gain + loss * gap
            if best_of is None or worth > best_of[0] + 1e-9:
                best_of = (worth, begin, end)
    return best_of[1:]


def _odds(  # noqa: PLR0917
    days, around, grid, width, near, density, run
):
    begin, end = run
    first, last, m = near[begin][1], near[end - 1][1], end - begin
    empty = last - first + 1 - m
    if m < LEAST_KEPT * (m + empty):
        return None
    since, until = _span(grid, first, last)
    n = sum(since <= day < until for day in days)
    share, cells = min(m / (m + empty), 0.99), around.cells(since, until)
    odds = sum(density[begin:end]) + m * log(share * around.between(since, until))
    odds += empty * log(1 - share)
    odds -= n * log(_rate(n, cells)) - _loss(n, cells)
    room = max(cells, n + 1.0)
    odds += (n - m) * log(_rate(n - m, room)) - _loss(n - m, room) if n > m else 0
    frequency = grid.frequency
    usual = sum(rhythm_.rarity == 0 for rhythm_ in FREQUENCIES)
    choices = usual * len(frequency.windows) * len(KEEPING) * max(frequency.cycle / width, 1)
    return odds - log(choices) - frequency.rarity - (2 * log(len(near)) if m < len(near) else 0)


def _rate(n, cells):
    return n / (1 - n / max(cells, n + 1.0))


def _loss(n, cells):
    cells = max(cells, n + 1.0)
    return -cells * log(1 - n / cells)


def _with_ends(near, amounts, begin, end):
    inner = [amounts[row[0]] for row in near[begin:end]]

    def belongs(at, slot):
        inside = 0 <= at < len(near) and near[at][1] == slot
        return inside and min(inner) - 0.02 <= amounts[near[at][0]] <= max(inner) + 0.02

    first, last = near[begin][1], near[end - 1][1]
    begin, end = begin - belongs(begin - 1, first - 1), end + belongs(end, last + 1)
    return [row[0] for row in near[begin:end]]
