"""Says which payments' rows record money that moved."""

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.grouping import are
from graph.enrich.columns.payments import Payments
from graph.models.choices import MONEY_MOVED


def money_moved(payments: Payments) -> NDArray[np.bool_]:
    """Return one boolean per payment: whether its row records money that moved, as payments and
    fees do."""
    if payments.records is None:
        return np.ones(len(payments), dtype=bool)
    return are(payments.records, *MONEY_MOVED)
