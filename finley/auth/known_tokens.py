"""Which tokens were good a moment ago, for parts of the server that ask no database.

A request that shows one of them is counted as its bearer's. All others are counted by the client's
address, for anybody can invent tokens.
"""

import hashlib
import time
from collections import OrderedDict
from threading import Lock

SECONDS = 60.0
MOST = 10_000
_lock = Lock()
_until: OrderedDict[bytes, float] = OrderedDict()


def note(token: str) -> None:
    """It is good now."""
    with _lock:
        _until[_digest(token.encode())] = time.monotonic() + SECONDS
        while len(_until) > MOST:
            _until.popitem(last=False)


def digest_of_good(token: bytes) -> bytes | None:
    """A digest of the token, if it was good within the last minute."""
    digest = _digest(token)
    with _lock:
        until = _until.get(digest, 0.0)
    return digest if until > time.monotonic() else None


def forget() -> None:
    """All of them: a token or a user has changed."""
    with _lock:
        _until.clear()


def _digest(token: bytes) -> bytes:
    return hashlib.blake2b(token, digest_size=16).digest()
