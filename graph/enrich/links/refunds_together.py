"""Identifies the original of a refund among equal payments by the charge that is given back with
it.

Suppose that one gift of 50.00 had a charge of 1.70, and another gift of 50.00 one of 0.95. If 50.00
and 1.70 are given back in one minute, both belong to the first gift.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.payments import Ints, Payments
from graph.enrich.links.fees import Fees
from graph.enrich.links.rate_fees import CLOCK

Floats = NDArray[np.float64]

TOGETHER = 100.0  # the odds of a refund whose original's charge is given back with it


def favour(payments: Payments, charges: Fees, later: Ints, first: Ints, odds: Floats) -> Floats:
    """Return a factor for each pair, in which row `later` would give back row `first`.

    It is TOGETHER for a payment and its charge that are both wholly given back at once, else 1.
    `odds` are the pairs' odds so far; pairs without odds are not considered.
    """
    factor = np.ones(len(later))
    paid_for = np.full(len(payments), -1, dtype=np.int64)
    paid_for[charges.fee] = charges.payment
    whole = (payments.amount[later] == payments.amount[first]) & (odds > 0)
    of_charges = np.flatnonzero(whole & (paid_for[first] >= 0))
    if not len(of_charges):
        return factor
    of_payment: dict[int, list[int]] = defaultdict(list)
    for at in np.flatnonzero(whole & np.isin(first, paid_for[first[of_charges]])).tolist():
        of_payment[int(first[at])].append(at)
    for charge in of_charges.tolist():
        for refund in of_payment[int(paid_for[first[charge]])]:
            if _are_at_once(payments, int(later[charge]), int(later[refund])):
                factor[[charge, refund]] = TOGETHER
    return factor


def _are_at_once(payments: Payments, one: int, other: int) -> bool:
    """Return whether two rows are within a minute of each other, or on one day if they have no time
    of day."""
    seconds = payments.timestamp is not None and payments.precision[one] == "second"
    if seconds and payments.timestamp is not None:
        return bool(abs(payments.timestamp[one] - payments.timestamp[other]) <= CLOCK)
    return bool(payments.day[one] == payments.day[other])
