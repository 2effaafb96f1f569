"""Caches what several detectors compute from the same columns, until the columns are freed."""

from collections.abc import Callable
from functools import wraps
from weakref import WeakKeyDictionary


def once[Of, Result](compute: Callable[[Of], Result]) -> Callable[[Of], Result]:
    """The function with a cache by the identity of its argument. An entry lives as long as the
    argument."""
    results: WeakKeyDictionary[Of, Result] = WeakKeyDictionary()

    @wraps(compute)
    def cached(of: Of) -> Result:
        if of not in results:
            results[of] = compute(of)
        return results[of]

    return cached
