"""Signing in to the admin: after some failures the next try has to wait, each time longer.

Failures are counted in Redis for all processes, by e-mail and by client address, and forgotten
LONGEST after the last one. While Redis is away each process counts for itself. django-axes was not
taken: its tables would be the owner's, and its cache handler pickles.
"""

import hashlib
import logging
import time
from functools import cache
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from redis import Redis
from redis.exceptions import RedisError

from finley.auth import client_address
from finley.models import User

log = logging.getLogger("finley.audit")
FREE = 5  # failures without a wait, of one e-mail address
FREE_OF_ADDRESS = 20  # … of one client's address, whoever it names
LONGEST = 900.0  # seconds
PATIENCE = 0.25  # seconds for Redis
MOST = 10_000
_lock = Lock()
_here: dict[str, tuple[int, float]] = {}


class LimitedBackend(ModelBackend):
    """Django's, where guessing passwords takes longer and longer.

    Raises PermissionDenied while there is a wait: the page says what it says of a wrong password,
    so that nobody learns whether the address exists or is locked.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        who = str(username or more.get("email") or "")
        address = client_address.of_meta(request.META) if request else client_address.UNKNOWN
        keys = {_key("who", who.lower()): FREE, _key("at", address): FREE_OF_ADDRESS}
        if (seconds := max(_wait(key, free) for key, free in keys.items())) > 0:
            log.warning("sign-in from %s refused: too many failures, %.0f s", address, seconds)
            raise PermissionDenied
        user = super().authenticate(request, username, password, **more)
        if user is None:
            for key in keys:
                _failed(key)
        else:
            _forget(next(iter(keys)))
        return user


def _key(kind: str, value: str) -> str:
    """Names nobody: Redis holds no e-mail addresses."""
    return f"finley:signin:{kind}:{hashlib.blake2b(value.encode(), digest_size=12).hexdigest()}"


def _wait(key: str, free: int) -> float:
    """Seconds left: 2, 4, 8, … from the last failure on, LONGEST at most."""
    count, last = _known(key)
    wait = min(LONGEST, 2.0 ** (count - free + 1)) if count >= free else 0.0
    return max(0.0, last + wait - time.time())


def _known(key: str) -> tuple[int, float]:
    try:
        count, last = _redis().hmget(key, ["count", "last"])  # type: ignore[misc]
        return int(count or 0), float(last or 0)
    except (RedisError, OSError):
        with _lock:
            return _here.get(key, (0, 0.0))


def _failed(key: str) -> None:
    now = time.time()
    with _lock:
        while len(_here) >= MOST:
            _here.pop(next(iter(_here)))
        count, last = _here.pop(key, (0, 0.0))
        _here[key] = (count if now - last < LONGEST else 0) + 1, now
    try:
        with _redis().pipeline() as pipe:
            pipe.hincrby(key, "count", 1)
            pipe.hset(key, "last", str(now))
            pipe.expire(key, int(LONGEST))
            pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("sign-ins are counted here only: no Redis (%s)", type(error).__name__)


def _forget(key: str) -> None:
    with _lock:
        _here.pop(key, None)
    try:
        _redis().delete(key)
    except (RedisError, OSError):
        return


@cache
def _redis() -> Redis:
    given = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    return Redis.from_url(str(settings.REDIS_URL), **given)
