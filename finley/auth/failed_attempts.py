"""Counts failed attempts, such as wrong passwords, and says how long the next attempt must wait.

The counts are in Redis for all processes. A count expires LONGEST_WAIT seconds after its last
attempt. While Redis is not available, each process counts for itself. django-axes is not used,
because its tables would be the owner's and its cache handler uses pickle.
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
LONGEST_WAIT = 900.0  # seconds; the longest wait
TIMEOUT = 0.25  # seconds to wait for Redis
MOST = 10_000  # keys that this process counts
_lock = Lock()
_here: dict[str, tuple[int, float]] = {}


def key(kind: str, value: str) -> str:
    """The Redis key under which attempts for `value` (an e-mail address, say) are counted. The
    value is hashed, because Redis must hold no e-mail addresses."""
    return f"finley:attempts:{kind}:{hashlib.blake2b(value.encode(), digest_size=12).hexdigest()}"


def wait(key: str, free: int) -> float:
    """The seconds until the next attempt is allowed; 0 if it is allowed now.

    The first `free` failures need no wait. From then on the wait after a failure doubles: 2, 4, 8,
    … seconds, at most LONGEST_WAIT.
    """
    number, last = _known(key)
    seconds = min(LONGEST_WAIT, 2.0 ** (number - free + 1)) if number >= free else 0.0
    return max(0.0, last + seconds - time.time())


def limit_reached(key: str, most: int) -> bool:
    """Return whether at least `most` attempts have been counted. LONGEST_WAIT seconds after the
    last one, the count starts again at 0."""
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
    """Count one more failed attempt under the key."""
    now = time.time()
    with _lock:
        while len(_here) >= MOST:
            _here.pop(next(iter(_here)))
        number, last = _here.pop(key, (0, 0.0))
        _here[key] = (number if now - last < LONGEST_WAIT else 0) + 1, now
    try:
        with _redis().pipeline() as pipe:
            pipe.hincrby(key, "count", 1)
            pipe.hset(key, "last", str(now))
            pipe.expire(key, int(LONGEST_WAIT))
            pipe.execute()
    except (RedisError, OSError) as error:
        log.warning(
            "attempts are counted in this process only: Redis is away (%s)", type(error).__name__
        )


def forget(key: str) -> None:
    """Delete the count under the key, after an attempt that succeeded."""
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
