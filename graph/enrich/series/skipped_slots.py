"""Corrects series that keep only every second slot: they have a longer frequency, and one payment
is a stray. Pure functions.

Half-yearly payments of one amount, and a payment of quite another amount a quarter after one of
them, look like a quarterly series that missed most of its days.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.payments import Payments
from graph.enrich.series.detect import Series
from graph.enrich.series.grid_fit import Fit
from graph.enrich.series.periods import BY_FREQUENCY, Days, Grid, Ints

LONGER = {
    "weekly": "fortnightly", "fortnightly": "four_weekly", "monthly": "two_monthly",
    "quarterly": "half_yearly", "half_yearly": "yearly",
}  # fmt: skip
FEWEST = 4  # occurrences, every second slot kept
ALIKE, UNLIKE = 0.12, 0.7  # of log amounts: those of the series, and the stray one's from these


def without_strays(payments: Payments, one: Series) -> Series:
    """Return the series with twice the period and without its one stray payment, if it is like
    that; otherwise the series unchanged."""
    slots = np.unique(one.slots[one.main > 0])
    parity = int(np.bincount(slots % 2, minlength=2).argmax())
    kept = slots[slots % 2 == parity]
    if one.frequency not in LONGER or len(slots) - len(kept) != 1 or len(kept) < FEWEST:
        return one
    own = np.isin(one.slots, kept)
    if (np.diff(kept) != 2).any() or not _is_stray(payments, one.places[own], one.places[~own]):
        return one
    return _on_longer(payments, one, own)


def _is_stray(payments: Payments, own: Ints, others: Ints) -> bool:
    amounts, stray = (np.log(np.maximum(payments.amount[at], 1)) for at in (own, others))
    is_unlike = np.abs(stray - np.median(amounts)).min() > UNLIKE
    return bool(np.ptp(amounts) <= ALIKE and is_unlike)


def _on_longer(payments: Payments, one: Series, own: NDArray[np.bool_]) -> Series:
    places, main = one.places[own], one.main[own]
    frequency = BY_FREQUENCY[LONGER[one.frequency]]
    agreed = Days(one.fit.grid.agreed(one.slots[own][:1]))
    grid = Grid(frequency, int(agreed.phases(frequency)[0]))
    slots = grid.slots(Days(payments.day[places]))
    hits, at = np.unique(slots[main > 0], return_index=True)
    offsets = payments.day[places[main > 0][at]] - grid.agreed(hits)
    fit = Fit(grid, one.fit.width, np.arange(len(hits)), hits, offsets, one.fit.odds, one.fit.kept)
    return replace(one, places=places, slots=slots, main=main, fit=fit)
