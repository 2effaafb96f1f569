"""Counts failed attempts (guesses, nuisance); after some, each further attempt must wait longer.

Counts are in Redis for all processes, and expire LONGEST after the last attempt. While Redis is
away each process counts for itself. django-axes was not taken: its tables would be the owner's, and
its cache handler pickles.
"""

import hashlib
import logging
import time
from functools import cache
from threading import Lock
from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger("finley.audit")
LONGEST = 900.0  # seconds
TIMEOUT = 0.25  # seconds for Redis
MOST = 10_000
_lock = Lock()
_here: dict[str, tuple[int, float]] = {}


def key(kind: str, value: str) -> str:
    """The Redis key of a value, hashed, because Redis holds no e-mail addresses."""
    return f"finley:attempts:{kind}:{hashlib.blake2b(value.encode(), digest_size=12).hexdigest()}"


def wait(key: str, free: int) -> float:
    """Seconds left: 2, 4, 8, … from the last failure on, LONGEST at most."""
    number, last = _known(key)
    seconds = min(LONGEST, 2.0 ** (number - free + 1)) if number >= free else 0.0
    return max(0.0, last + seconds - time.time())


def used_up(key: str, most: int) -> bool:
    """Whether the limit is reached; the count expires LONGEST after the last attempt."""
    return _known(key)[0] >= most


def _known(key: str) -> tuple[int, float]:
    try:
        values: Any = _redis().hmget(key, ["count", "last"])  # typed for asyncio, too
        number, last = values
        return int(number or 0), float(last or 0)
    except (RedisError, OSError):
        with _lock:
            return _here.get(key, (0, 0.0))


def count(key: str) -> None:
    """Count one more attempt."""
    now = time.time()
    with _lock:
        while len(_here) >= MOST:
            _here.pop(next(iter(_here)))
        number, last = _here.pop(key, (0, 0.0))
        _here[key] = (number if now - last < LONGEST else 0) + 1, now
    try:
        with _redis().pipeline() as pipe:
            pipe.hincrby(key, "count", 1)
            pipe.hset(key, "last", str(now))
            pipe.expire(key, int(LONGEST))
            pipe.execute()
    except (RedisError, OSError) as error:
        log.warning(
            "attempts are counted in this process only: Redis is away (%s)", type(error).__name__
        )


def forget(key: str) -> None:
    """Delete the count."""
    with _lock:
        _here.pop(key, None)
    try:
        _redis().delete(key)
    except (RedisError, OSError):
        return


@cache
def _redis() -> Redis:
    options = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    return Redis.from_url(str(settings.REDIS_URL), **options)
