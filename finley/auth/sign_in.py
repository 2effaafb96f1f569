"""Password sign-in to the admin and the pages. After some failures, the next attempt has to wait.

Failures are counted by e-mail address and by client address (finley.auth.failed_attempts).
"""

import logging
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from finley.auth import client_address, failed_attempts
from finley.models import User

log = logging.getLogger("finley.audit")
FREE = 5  # failures with one e-mail address that need no wait
FREE_OF_ADDRESS = 20  # failures from one client address, with any e-mail address, that need no wait


class LimitedBackend(ModelBackend):
    """Django's ModelBackend with a growing wait after failed passwords.

    Raises PermissionDenied during a wait. The page then says the same as for a wrong password, so
    that nobody learns whether the address exists or is locked.
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
        keys = {
            failed_attempts.key("who", who.lower()): FREE,
            failed_attempts.key("at", address): FREE_OF_ADDRESS,
        }
        if (seconds := max(failed_attempts.wait(key, free) for key, free in keys.items())) > 0:
            log.warning("sign-in from %s refused: too many failures, %.0f s", address, seconds)
            raise PermissionDenied
        user = super().authenticate(request, username, password, **more)
        if user is None:
            for key in keys:
                failed_attempts.count(key)
        else:
            failed_attempts.forget(next(iter(keys)))
        return user
