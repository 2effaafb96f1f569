"""Which rows of two groups are compared with each other: all, or those near in time."""

import numpy as np

from graph.enrich.columns.payments import Ints

NEAR = 12  # rows before and after that a row is compared with, where both have many of a kind
FULL = 20_000  # pairs of rows of two parties of one amount that are all compared


def near(day: Ints, ones: Ints, others: Ints) -> tuple[Ints, Ints]:
    """All pairs of a few rows; of many, each row with those next to it in time, or in order."""
    if len(ones) * len(others) <= FULL:
        return np.repeat(ones, len(others)), np.tile(others, len(ones))
    reach = np.arange(-NEAR, NEAR + 1)
    of_day = np.arange(len(ones)) - np.searchsorted(day[ones], day[ones])  # the how manieth
    places = (np.searchsorted(day[others], day[ones]) + of_day)[:, None] + reach
    fits = (places >= 0) & (places < len(others))
    rows = np.broadcast_to(ones[:, None], places.shape)[fits]
    return rows, others[places[fits]]
