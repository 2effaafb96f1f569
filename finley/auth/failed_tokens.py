"""Tokens that were not good, counted by the client's address, so that guessing costs us nothing.

Each process counts for itself, in windows of a minute. An address with too many is refused before
its token is looked up; tokens that were good a moment ago pass.
"""

import time
from collections import OrderedDict
from threading import Lock

from django.conf import settings

MINUTE = 60.0
MOST = 10_000  # addresses
_lock = Lock()
_counts: OrderedDict[str, tuple[int, int]] = OrderedDict()  # by address: the window, how many


def failed(address: str) -> None:
    """One more."""
    window = int(time.monotonic() // MINUTE)
    with _lock:
        then, count = _counts.pop(address, (window, 0))
        _counts[address] = window, (count if then == window else 0) + 1
        while len(_counts) > MOST:
            _counts.popitem(last=False)


def wait(address: str) -> float:
    """Seconds until the address may try again; 0 where it may now."""
    now = time.monotonic()
    with _lock:
        then, count = _counts.get(address, (-1, 0))
    most = settings.FAILED_TOKENS_PER_MINUTE
    if not most or then != int(now // MINUTE) or count < most:
        return 0.0
    return (then + 1) * MINUTE - now


def forget() -> None:
    """All counts."""
    with _lock:
        _counts.clear()
