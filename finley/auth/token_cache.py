"""Tokens that were good a moment ago, so that a burst of requests does not ask for each anew.

Kept by their digest, for FINLEY_TOKEN_SECONDS at most and never beyond their expiry. Whatever this
process changes about a token or a user is known at once; what another changes, within that time.
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
Known = tuple[User, ApiToken]
_lock = Lock()
_kept: OrderedDict[str, tuple[float, Known]] = OrderedDict()


def get(token: str) -> Known | None:
    """Whose it is, if it was good within the time."""
    if not settings.TOKEN_SECONDS:
        return None
    with _lock:
        since, known = _kept.get(hash_token(token), (0.0, None))
    if known is None or time.monotonic() - since > settings.TOKEN_SECONDS:
        return None
    expiry = known[1].expiry
    return known if expiry is None or expiry > timezone.now() else None


def keep(token: str, known: Known) -> None:
    if not settings.TOKEN_SECONDS:
        return
    with _lock:
        _kept[known[1].digest] = time.monotonic(), known
        while len(_kept) > MOST:
            _kept.popitem(last=False)


@receiver([post_save, post_delete], sender=ApiToken)
@receiver([post_save, post_delete], sender=User)
def forget(**_: Any) -> None:
    """All of them: such changes are rare."""
    with _lock:
        _kept.clear()
