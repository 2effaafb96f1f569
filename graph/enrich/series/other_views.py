"""Finds series that consist of other sightings of another series' payments, such as the ledger's
entries for a card's payments. Pure functions.

Both are one commitment. Where one of them lacks payments, it may have stopped by its own rows
although the payment was made.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from graph.enrich.columns.counterparties import joined
from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.links.sighting_pairs import Pairs
from graph.enrich.series.forecast import Course

SHARED = 0.5  # least share of the shorter series' occurrences that are sightings of the other's


def behind(payments: Payments, every: Sequence[Course], same: Pairs) -> set[int]:
    """Return the places in `every` of the series whose payments another series has as well, and
    which end earlier than that one.

    `same` are the pairs of sightings of one payment. Of two series that end with one payment
    neither is behind.
    """
    payment = joined(np.arange(len(payments)), same.one, same.other)
    last = [int(payment[course.last[-1]]) for course in every]
    first_seen = np.full(len(payments), np.iinfo(np.int64).max)
    np.minimum.at(first_seen, payment, payments.day)
    reach = [(int(first_seen[end]), len(one.slots)) for end, one in zip(last, every, strict=True)]
    return {
        min(pair, key=lambda at: (*reach[at], -at))
        for pair, count in _shared(every, payment).items()
        if last[pair[0]] != last[pair[1]]
        and count >= SHARED * min(len(every[at].slots) for at in pair)
    }


def _shared(every: Sequence[Course], payment: Ints) -> Counter[tuple[int, int]]:
    """Return pair of places in `every` → the number of payments that both series have. `payment`
    numbers the payments of all rows."""
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for at, course in enumerate(every):
        for one in np.unique(payment[course.series.places]).tolist():
            holders[one].append(at)
    return Counter(pair for places in holders.values() for pair in combinations(places, 2))
