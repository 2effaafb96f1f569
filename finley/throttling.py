"""So many requests a minute for each token, counted in Redis for all processes together."""

import logging
import time
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

log = logging.getLogger(__name__)
MINUTE = 60
PATIENCE = 0.25  # seconds for Redis to answer
AWAY = 5.0  # seconds for which it is not asked again


class PerToken(BaseThrottle):
    """Counts in windows of a minute. While Redis is away nothing is counted: it slows nobody."""

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
        try:
            return _counted(f"finley:throttle:{token.token_key}:{window:.0f}") <= most
        except (RedisError, OSError) as error:
            PerToken._away_until = time.monotonic() + AWAY
            log.warning("requests are not counted: no Redis (%s)", type(error).__name__)
            return True

    def wait(self) -> float:
        """Seconds until the next window."""
        return self._left


def _counted(key: str) -> int:
    with _redis().pipeline(transaction=False) as pipeline:
        pipeline.incr(key)
        pipeline.expire(key, 2 * MINUTE)
        return int(pipeline.execute()[0])


@cache
def _redis() -> Redis:
    given = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    return Redis.from_url(str(settings.REDIS_URL), **given)
