"""Joins series that are one: continued under another spelling or sign, or twice a month.

The functions are pure. The search (`detect`) looks at one payer and payee at a time, and at one day
per month. Afterwards two series of one source, currency and frequency are joined if the second
begins in the slots after the first's last one, with the same amount, when the first is over, and
one of these holds:

- the payee is spelled differently: the names begin alike, or nobody else has the text;
- payer and payee have changed places, as for other parties of the source at that time: the signs
  in the books changed.

Two monthly series between the same two parties, at the same time, with about the same amounts and
about half a month apart, are joined to one series twice a month.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from graph.enrich.columns.payments import Payments
from graph.enrich.series.detect import Series
from graph.enrich.series.grid_fit import Fit
from graph.enrich.series.periods import MONTH_CYCLE, TWICE, Days, Grid, Ints
from graph.enrich.series.skipped_slots import without_strays
from graph.ingest.store.identity import normalized

NEXT = 2  # slots after the first's last one within which the second begins
RISE = 0.12  # largest difference of log amounts: the first series' last, the second's first
ALIKE = 0.25  # largest difference of log amounts of the two days of a month
HALF = range(13, 18)  # days between the two days of a month
TOGETHER = 0.8  # least share of common months
TURNED = 3  # parties of a source whose sides change at a time: the books' signs changed
LETTERS = 5  # letters in which names must agree at the beginning


def joined(payments: Payments, found: Sequence[Series]) -> list[Series]:
    """Return the series after joining. The order of `found` does not matter."""
    whole = [without_strays(payments, one) for one in found]
    ordered = sorted(whole, key=lambda one: int(one.places[0]))
    series = _halves(payments, ordered)
    series = _chained(payments, series, _spelled(payments, series))
    return _chained(payments, series, _turned(payments, series))


def _chained(
    payments: Payments, series: list[Series], pairs: list[tuple[int, int]]
) -> list[Series]:
    """Replace the two series of each pair (places in `series`) by one, if they fit on one grid.

    The pairs are tried in the order of the first occurrence of their first series. Once a series
    is part of a joined one, its other pairs are left out, so that no three become one.
    """
    used, made = set[int](), []
    for first, second in sorted(pairs, key=lambda pair: int(series[pair[0]].places[0])):
        if not {first, second} & used:
            one = _one(payments, series[first], series[second])
            if one is not None:
                used |= {first, second}
                made.append(one)
    return [one for at, one in enumerate(series) if at not in used] + made


def _one(payments: Payments, first: Series, second: Series) -> Series | None:
    """Return both series as one on the grid of the one with more occurrences; None if they do
    not fit on it."""
    grid = max(first, second, key=lambda one: len(one.fit.hits)).fit.grid
    return _on(payments, grid, first, second)


def _on(payments: Payments, grid: Grid, *parts: Series) -> Series | None:
    places = np.concatenate([one.places for one in parts])
    main = np.concatenate([one.main for one in parts])
    slots = grid.slots(Days(payments.day[places]))
    order = np.lexsort((places, payments.day[places]))
    places, main, slots = places[order], main[order], slots[order]
    hit = np.flatnonzero(main > 0)
    if (np.diff(slots[hit]) <= 0).any() and len(np.unique(slots[hit])) < len(hit) - len(parts):
        return None
    names, at = np.unique(slots[hit], return_index=True)
    offsets = payments.day[places[hit[at]]] - grid.agreed(names)
    width = max(one.fit.width for one in parts)
    odds, kept = (sum(getattr(one.fit, name) for one in parts) for name in ("odds", "kept"))
    fit = Fit(grid, width, np.arange(len(names)), names, offsets, odds, kept / len(parts))
    return Series(places, slots, main, fit)


# --- twice a month ---


def _halves(payments: Payments, series: list[Series]) -> list[Series]:
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, one in enumerate(series):
        if one.frequency == "monthly":
            groups[_group(payments, one)].append(at)
    used, made = set[int](), []
    for some in groups.values():
        for at, other in combinations(some, 2):
            both = None if {at, other} & used else _twice(payments, series[at], series[other])
            if both is not None:
                used |= {at, other}
                made.append(both)
    return [one for at, one in enumerate(series) if at not in used] + made


def _twice(payments: Payments, one: Series, other: Series) -> Series | None:
    early, late = sorted((one, other), key=lambda each: each.fit.grid.phase)
    first, gap = early.fit.grid.phase, late.fit.grid.phase - early.fit.grid.phase
    months = [np.unique(each.slots) for each in (early, late)]
    both = len(np.intersect1d(months[0], months[1]))
    amounts = [np.log(np.median(payments.amount[each.places])) for each in (early, late)]
    if gap not in HALF or both < TOGETHER * max(map(len, months)):
        return None
    if abs(amounts[0] - amounts[1]) > ALIKE:
        return None
    return _on(payments, Grid(TWICE, gap * MONTH_CYCLE + first), early, late)


# --- one after the other ---


def _spelled(payments: Payments, series: list[Series]) -> list[tuple[int, int]]:
    """Return pairs (places in `series`) of one payer, in which the payee is spelled differently
    from some day on."""
    texts = _parties_of_texts(payments)
    span = _spans(payments, payments.payee)

    def fits(one: Series, other: Series) -> bool:
        first, second = int(one.places[-1]), int(other.places[0])
        payees = int(payments.payee[first]), int(payments.payee[second])
        if payees[0] == payees[1] or span[payees[0]][1] >= span[payees[1]][0]:
            return False
        text = payments.description[first]
        own = text == payments.description[second] and texts.get(text) == set(payees)
        return own or _begin_alike(*(str(payments.entities.name[payee]) for payee in payees))

    def key(one: Series) -> tuple[object, ...]:
        return (_group(payments, one)[:2], int(payments.payer[one.places[0]]))

    return list(_pairs(payments, series, key, fits))


def _turned(payments: Payments, series: list[Series]) -> list[tuple[int, int]]:
    """Return pairs (places in `series`) between the same two parties with payer and payee
    swapped, at a time at which this happens to others of the source, too."""

    def key(one: Series) -> tuple[object, ...]:
        source, currency, *ends = _group(payments, one)
        return (source, currency, frozenset(ends))

    def fits(one: Series, other: Series) -> bool:
        return bool(payments.payer[one.places[-1]] == payments.payee[other.places[0]])

    pairs = list(_pairs(payments, series, key, fits))
    windows = [_between(payments, series[first], series[second]) for first, second in pairs]
    sources = [str(payments.source[series[first].places[0]]) for first, _ in pairs]
    return [
        pair
        for pair, source, window in zip(pairs, sources, windows, strict=True)
        if _at_once(window, [w for w, of in zip(windows, sources, strict=True) if of == source])
    ]


def _at_once(window: tuple[int, int], every: list[tuple[int, int]]) -> bool:
    """Return whether some day in this window is in TURNED of the windows `every`. A window is
    (day before the first, last day)."""
    days = range(window[0] + 1, window[1] + 1)
    return max(sum(low < day <= high for low, high in every) for day in days) >= TURNED


def _between(payments: Payments, one: Series, other: Series) -> tuple[int, int]:
    return int(payments.day[one.places[-1]]), int(payments.day[other.places[0]])


def _pairs(
    payments: Payments,
    series: list[Series],
    key: Callable[[Series], tuple[object, ...]],
    fits: Callable[[Series, Series], bool],
) -> Iterator[tuple[int, int]]:
    """Yield pairs (places in `series`) with one key and frequency, in which the second series
    continues the first and `fits` allows it.

    A series that could continue, or be continued by, several others is left out.
    """
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, one in enumerate(series):
        groups[key(one), one.frequency].append(at)
    for some in groups.values():
        after: dict[int, list[int]] = defaultdict(list)
        begin = sorted(some, key=lambda at: int(payments.day[series[at].places[0]]))
        for first in some:
            for second in begin:
                both = series[first], series[second]
                if _goes_on(payments, *both) and fits(*both):
                    after[first].append(second)
        seconds = [second for each in after.values() for second in each]
        for first, each in after.items():
            if len(each) == 1 and seconds.count(each[0]) == 1:
                yield first, each[0]


def _goes_on(payments: Payments, one: Series, other: Series) -> bool:
    """Return whether the series `other` begins in the slots after the last one of `one`, with
    the same amount."""
    first, second = int(one.places[-1]), int(other.places[0])
    grid, step = one.fit.grid, payments.day[second] - payments.day[first]
    if not 0 < step <= (NEXT + 0.5) * grid.frequency.period:
        return False
    rise = np.log(payments.amount[second] / payments.amount[first])
    if abs(rise) > RISE:
        return False
    slot = grid.slots(Days(payments.day[[second]]))
    off = abs(int(payments.day[second] - grid.agreed(slot)[0]))
    return off <= max(one.fit.width, other.fit.width, 3)


def _group(payments: Payments, one: Series) -> tuple[object, ...]:
    at = int(one.places[0])
    ends = int(payments.payer[at]), int(payments.payee[at])
    return (str(payments.source[at]), str(payments.currency[at]), *ends)


def _parties_of_texts(payments: Payments) -> dict[str, set[int]]:
    """Return description → the payees that have it. Blank descriptions are left out."""
    parties: dict[str, set[int]] = defaultdict(set)
    pairs = zip(payments.description.tolist(), payments.payee.tolist(), strict=True)
    for text, payee in pairs:
        if text:
            parties[text].add(payee)
    return parties


def _spans(payments: Payments, party: Ints) -> dict[int, tuple[int, int]]:
    """Return party → (first day, last day) of its payments. `party` has the party of each
    payment."""
    names, at = np.unique(party, return_inverse=True)
    first, last = np.full(len(names), np.iinfo(np.int64).max), np.full(len(names), -1)
    np.minimum.at(first, at, payments.day)
    np.maximum.at(last, at, payments.day)
    ends = zip(first.tolist(), last.tolist(), strict=True)
    return dict(zip(names.tolist(), ends, strict=True))


def _begin_alike(one: str, other: str) -> bool:
    """Return whether the names begin with the same word, or with a word and its beginning, and
    have no different numbers."""
    words = [normalized(name).split(" ") for name in (one, other)]
    numbers = [{word for word in each if word.isdigit()} for each in words]
    short, long = sorted((each[0] for each in words), key=len)
    differ = bool(numbers[0] and numbers[1] and numbers[0] != numbers[1])
    return len(short) >= LETTERS and long.startswith(short) and not differ
