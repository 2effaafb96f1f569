"""Counts invalid tokens by the client's address, so that a client that guesses tokens costs little.

Each process counts for itself, in windows of a minute. An address with too many invalid tokens is
refused before its token is looked up. Tokens that were valid within the last seconds pass.
"""

import time
from threading import Lock

from cachetools import TLRUCache
from django.conf import settings

MINUTE = 60.0  # seconds of a window
MOST = 10_000  # addresses


def _window_end(address: str, count: int, now: float) -> float:
    """The time, in seconds on the clock of `now`, at which the window of a minute that contains
    `now` ends. `address` and `count` are not used."""
    return (now // MINUTE + 1) * MINUTE


_lock = Lock()
_counts: TLRUCache[str, int] = TLRUCache(MOST, _window_end)


def failed(address: str) -> None:
    """Count one more invalid token from this address."""
    with _lock:
        _counts[address] = _counts.get(address, 0) + 1


def wait(address: str) -> float:
    """Seconds until the address may try again; 0 if it may now."""
    now = time.monotonic()
    with _lock:
        count = _counts.get(address, 0)
    most = settings.FAILED_TOKENS_PER_MINUTE
    return _window_end(address, count, now) - now if most and count >= most else 0.0


def forget() -> None:
    """Delete all counts."""
    with _lock:
        _counts.clear()
