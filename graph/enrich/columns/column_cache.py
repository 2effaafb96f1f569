"""Caches what several detectors compute from the same columns, until the columns are freed."""

from collections.abc import Callable
from functools import wraps
from weakref import WeakKeyDictionary

import numpy as np

from graph.enrich.columns.grouping import inserted
from graph.enrich.columns.payments import Extended, Payments, Texts, fixed


def once[Of, Result](compute: Callable[[Of], Result]) -> Callable[[Of], Result]:
    """Return a function like `compute` that computes the result for an argument object only once.

    The result is kept as long as the argument exists.
    """
    results: WeakKeyDictionary[Of, Result] = WeakKeyDictionary()

    @wraps(compute)
    def cached(of: Of) -> Result:
        if of not in results:
            results[of] = compute(of)
        return results[of]

    return cached


def by_row(compute: Callable[[Payments], list[object]]) -> Callable[[Payments], Texts]:
    """Return a function from payments to a read-only column with the values that `compute` returns,
    cached like `once`.

    Each value must depend on its own row alone. For payments with inserted rows only the values of
    these rows are computed, and the other values are taken from the cache.
    """

    @once
    def column(payments: Payments) -> Texts:
        if isinstance(payments, Extended):
            values = _column(compute(payments.new))
            return inserted(column(payments.old), payments.before, values)
        return fixed(_column(compute(payments)))

    return wraps(compute)(column)


def _column(values: list[object]) -> Texts:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
