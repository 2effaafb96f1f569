"""Caches what several detectors derive from the same columns, until the columns are freed."""

from collections.abc import Callable
from functools import wraps
from weakref import WeakKeyDictionary


def once[Of, Told](compute: Callable[[Of], Told]) -> Callable[[Of], Told]:
    """The function with a cache by argument identity; an entry lives as long as its argument."""
    results: WeakKeyDictionary[Of, Told] = WeakKeyDictionary()

    @wraps(compute)
    def told(of: Of) -> Told:
        if of not in results:
            results[of] = compute(of)
        return results[of]

    return told
