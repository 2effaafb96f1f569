"""Limits the requests per minute of each token, counted in Redis for all processes together."""

import logging
import time
from functools import cache, lru_cache
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

log = logging.getLogger(__name__)
MINUTE = 60  # seconds of a window
PART = 50  # a process reports to Redis after 1/50 of the limit, or after each request
TIMEOUT = 0.25  # seconds for Redis to answer
WITHIN = "is_within_limit"  # the attribute of a counted request
AWAY = 5.0  # seconds without a new attempt after Redis failed


class PerToken(BaseThrottle):
    """Limits the requests of each token in windows of one minute. While Redis is not available,
    nothing is limited.

    With several processes a token may exceed its limit by 1/50 for each further process.
    """

    away_until = 0.0  # on the monotonic clock; no attempt before

    def allow_request(self, request: Request, view: Any) -> bool:
        token: Any = request.auth
        return token is None or within(request._request, token.token_key)

    def wait(self) -> float:
        """Return the seconds until the next window begins, in which the token may send requests
        again."""
        return MINUTE - time.time() % MINUTE


def within(request: HttpRequest, token_key: str) -> bool:
    """Return whether the request of the token is within the limit. A request counts once, however
    often this is called with it."""
    is_within: bool | None = getattr(request, WITHIN, None)
    if is_within is None:
        is_within = allowed(token_key)
        setattr(request, WITHIN, is_within)
    return is_within


def allowed(token_key: str) -> bool:
    """Count one request of the token, and return whether it is within the limit."""
    most: int = settings.REQUESTS_PER_MINUTE
    if not most or time.monotonic() < PerToken.away_until:
        return True
    window = int(time.time() // MINUTE)
    key = f"finley:throttle:{token_key}:{window}"
    try:
        return _counts(window).one_more(key, max(1, most // PART)) <= most
    except (RedisError, OSError) as error:
        PerToken.away_until = time.monotonic() + AWAY
        log.warning("Requests are not counted: Redis is not available (%s)", type(error).__name__)
        return True


class _Counts:
    """The counts of requests in one window, by key: the totals that Redis last answered, and the
    requests of this process that Redis has not been told yet."""

    def __init__(self) -> None:
        self._totals: dict[str, int] = {}
        self._unreported: dict[str, int] = {}
        self._counting = Lock()

    def one_more(self, key: str, part: int) -> int:
        """Count a request under the key. Return the number of requests in this window, as far as
        this process knows it.

        Every `part` requests of a key are reported to Redis together. Raises RedisError, OSError.
        """
        with self._counting:
            unreported = self._unreported.get(key, 0) + 1
            is_local = key in self._totals and unreported < part
            self._unreported[key] = unreported if is_local else 0
            if is_local:
                return self._totals[key] + unreported
        total = _add(key, unreported)
        with self._counting:
            self._totals[key] = max(total, self._totals.get(key, 0))
            return self._totals[key] + self._unreported[key]


@lru_cache(maxsize=1)
def _counts(window: int) -> _Counts:
    return _Counts()


def _add(key: str, n: int) -> int:
    with _redis().pipeline(transaction=False) as pipeline:
        pipeline.incrby(key, n)
        pipeline.expire(key, 2 * MINUTE)
        return int(pipeline.execute()[0])


@cache
def _redis() -> Redis:
    timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    return Redis.from_url(str(settings.REDIS_URL), **timeouts)
