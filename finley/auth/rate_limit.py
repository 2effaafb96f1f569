"""So many requests a minute for each token, counted in Redis for all processes together."""

import logging
import time
from functools import cache, lru_cache
from threading import Lock
from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

log = logging.getLogger(__name__)
MINUTE = 60
PART = 50  # a process tells Redis of a fiftieth of what is allowed at a time, or of each request
PATIENCE = 0.25  # seconds for Redis to answer
AWAY = 5.0  # seconds for which it is not asked again


class PerToken(BaseThrottle):
    """Counts in windows of a minute. While Redis is away nothing is counted: it slows nobody.

    So a token gets at most a fiftieth more than it may from each process but one.
    """

    _away_until = 0.0

    def __init__(self) -> None:
        self._left = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        most: int = settings.REQUESTS_PER_MINUTE
        token: Any = request.auth
        if not most or token is None or time.monotonic() < PerToken._away_until:
            return True
        window, passed = divmod(time.time(), MINUTE)
        self._left = MINUTE - passed
        key = f"finley:throttle:{token.token_key}:{window:.0f}"
        try:
            return _counts(int(window)).one_more(key, max(1, most // PART)) <= most
        except (RedisError, OSError) as error:
            PerToken._away_until = time.monotonic() + AWAY
            log.warning("requests are not counted: no Redis (%s)", type(error).__name__)
            return True

    def wait(self) -> float:
        """Seconds until the next window."""
        return self._left


class _Counts:
    """Of one window: what Redis said last of each token, and what it has not been told since."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._untold: dict[str, int] = {}
        self._counting = Lock()

    def one_more(self, key: str, part: int) -> int:
        """How many there were in this window, with this one. Raises RedisError, OSError."""
        with self._counting:
            untold = self._untold.get(key, 0) + 1
            told = key in self._known and untold < part
            self._untold[key] = untold if told else 0
            if told:
                return self._known[key] + untold
        known = _counted(key, untold)
        with self._counting:
            self._known[key] = max(known, self._known.get(key, 0))
            return self._known[key] + self._untold[key]


@lru_cache(maxsize=1)
def _counts(window: int) -> _Counts:
    return _Counts()


def _counted(key: str, n: int) -> int:
    with _redis().pipeline(transaction=False) as pipeline:
        pipeline.incrby(key, n)
        pipeline.expire(key, 2 * MINUTE)
        return int(pipeline.execute()[0])


@cache
def _redis() -> Redis:
    given = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    return Redis.from_url(str(settings.REDIS_URL), **given)
