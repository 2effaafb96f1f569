"""Selects which rows of two groups are compared: all pairs, or those near in time."""

import numpy as np

from graph.enrich.columns.payments import Ints

NEAR = 12  # rows before and after that a row is compared with, if both groups have many
FULL = 20_000  # pairs of rows with one amount and two parties, up to which all pairs are compared


def near(day: Ints, ones: Ints, others: Ints) -> tuple[Ints, Ints]:
    """All pairs if the rows are few. Otherwise each row with its neighbours in time, or in
    order."""
    if len(ones) * len(others) <= FULL:
        return np.repeat(ones, len(others)), np.tile(others, len(ones))
    reach = np.arange(-NEAR, NEAR + 1)
    of_day = np.arange(len(ones)) - np.searchsorted(day[ones], day[ones])  # its number on its day
    places = (np.searchsorted(day[others], day[ones]) + of_day)[:, None] + reach
    fits = (places >= 0) & (places < len(others))
    rows = np.broadcast_to(ones[:, None], places.shape)[fits]
    return rows, others[places[fits]]
