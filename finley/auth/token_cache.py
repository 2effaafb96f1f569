"""Caches recently validated tokens, so that a burst of requests does not query each time.

Entries are keyed by digest and expire after FINLEY_TOKEN_SECONDS, or with their token. A change
that this process makes to a token or user takes effect at once, that of another process within
FINLEY_TOKEN_SECONDS.
"""

import time
from collections import OrderedDict
from threading import Lock
from typing import Any

from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone
from knox.crypto import hash_token

from finley.models import ApiToken, User

MOST = 10_000
Validated = tuple[User, ApiToken]
_lock = Lock()
_cache: OrderedDict[str, tuple[float, Validated]] = OrderedDict()


def get(token: str) -> Validated | None:
    """The user and the token, if they were validated recently enough."""
    if not settings.TOKEN_SECONDS:
        return None
    with _lock:
        since, validated = _cache.get(hash_token(token), (0.0, None))
    if validated is None or time.monotonic() - since > settings.TOKEN_SECONDS:
        return None
    expiry = validated[1].expiry
    return validated if expiry is None or expiry > timezone.now() else None


def keep(token: str, validated: Validated) -> None:
    if not settings.TOKEN_SECONDS:
        return
    with _lock:
        _cache[validated[1].digest] = time.monotonic(), validated
        while len(_cache) > MOST:
            _cache.popitem(last=False)


@receiver([post_save, post_delete], sender=ApiToken)
@receiver([post_save, post_delete], sender=User)
def forget(**_: Any) -> None:
    """Clear the whole cache: changes are rare."""
    with _lock:
        _cache.clear()
