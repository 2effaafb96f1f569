"""Which tokens were good a moment ago, for parts of the server that ask no database.

A request that shows one of them is counted as its bearer's. All others are counted by the client's
address, for anybody can invent tokens.
"""

import hashlib
from threading import Lock

from cachetools import TTLCache

SECONDS = 60.0
MOST = 10_000
_lock = Lock()
_digests: TTLCache[bytes, bool] = TTLCache(MOST, SECONDS)


def note(token: str) -> None:
    """It is good now."""
    with _lock:
        _digests[_digest(token.encode())] = True


def digest_of_good(token: bytes) -> bytes | None:
    """A digest of the token, if it was good within the last minute."""
    digest = _digest(token)
    with _lock:
        return digest if digest in _digests else None


def forget() -> None:
    """All of them: a token or a user has changed."""
    with _lock:
        _digests.clear()


def _digest(token: bytes) -> bytes:
    return hashlib.blake2b(token, digest_size=16).digest()
