"""Counts failed attempts, such as wrong passwords. After some, each further attempt must wait
longer.

The counts are in Redis for all processes, and expire LONGEST after the last attempt. While Redis is
not available, each process counts for itself. django-axes is not used, because its tables would be
the owner's and its cache handler uses pickle.
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
LONGEST = 900.0  # seconds; the longest wait
TIMEOUT = 0.25  # seconds to wait for Redis
MOST = 10_000
_lock = Lock()
_here: dict[str, tuple[int, float]] = {}


def key(kind: str, value: str) -> str:
    """The Redis key for a value. The value is hashed, because Redis must hold no e-mail
    addresses."""
    return f"finley:attempts:{kind}:{hashlib.blake2b(value.encode(), digest_size=12).hexdigest()}"


def wait(key: str, free: int) -> float:
    """The seconds left to wait: 2, 4, 8, … from the last failure on, at most LONGEST. The first
    `free` failures need no wait."""
    number, last = _known(key)
    seconds = min(LONGEST, 2.0 ** (number - free + 1)) if number >= free else 0.0
    return max(0.0, last + seconds - time.time())


def used_up(key: str, most: int) -> bool:
    """Return whether the limit is reached. The count expires LONGEST after the last attempt."""
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
