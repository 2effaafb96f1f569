"""What several detectors derive of the same columns: computed once, and forgotten with these."""

from collections.abc import Callable
from functools import wraps
from weakref import WeakKeyDictionary


def once[Of, Told](compute: Callable[[Of], Told]) -> Callable[[Of], Told]:
    """The function with a memory of what it is given, by identity, for as long as that lives."""
    results: WeakKeyDictionary[Of, Told] = WeakKeyDictionary()

    @wraps(compute)
    def told(of: Of) -> Told:
        if of not in results:
            results[of] = compute(of)
        return results[of]

    return told
