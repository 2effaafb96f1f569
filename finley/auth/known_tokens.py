"""Remembers which tokens were valid recently, for parts of the server that do not query the
database.

A request with such a token counts for the token. All other requests count for the client's address,
because anybody can invent tokens.
"""

import hashlib
from threading import Lock

from cachetools import TTLCache

SECONDS = 60.0
MOST = 10_000
_lock = Lock()
_digests: TTLCache[bytes, bool] = TTLCache(MOST, SECONDS)


def note(token: str) -> None:
    """Remember for a minute that the token is valid."""
    with _lock:
        _digests[_digest(token.encode())] = True


def digest_of_good(token: bytes) -> bytes | None:
    """Return a digest of the token if `note` was called for it within the last minute, else
    None."""
    digest = _digest(token)
    with _lock:
        return digest if digest in _digests else None


def forget() -> None:
    """Forget all tokens, after a token or a user has changed."""
    with _lock:
        _digests.clear()


def _digest(token: bytes) -> bytes:
    return hashlib.blake2b(token, digest_size=16).digest()
