"""Encrypts secrets for the database by Fernet (AES-128-CBC with HMAC-SHA256).

The keys are those of FINLEY_ENCRYPTION_KEYS, then keys derived from Django's secret keys. The first
key encrypts; every key decrypts. To change the key, put a new one in front and run `manage.py
rotate_keys`.
"""

import base64
import hashlib
from typing import Any

from django.conf import settings

from syncjobs.errors import SecretUnreadable

PURPOSE = b"finley secrets"


def seal(secret: str) -> str:
    """Return the secret encrypted by the first key."""
    return str(_fernet().encrypt(secret.encode()).decode())


def unseal(sealed: str) -> str:
    """Return the decrypted secret. Raises SecretUnreadable if no key decrypts it."""
    try:
        return str(_fernet().decrypt(sealed.encode()).decode())
    except _invalid():
        raise SecretUnreadable(_UNREADABLE) from None


def rotated(sealed: str) -> str:
    """Decrypt the secret and encrypt it by the first key. Return the result. Raises
    SecretUnreadable if no key decrypts it."""
    try:
        return str(_fernet().rotate(sealed.encode()).decode())
    except _invalid():
        raise SecretUnreadable(_UNREADABLE) from None


_UNREADABLE = (
    "The stored secret cannot be decrypted: its key is not in FINLEY_ENCRYPTION_KEYS (or was made "
    "from another FINLEY_SECRET_KEY). Add the key again, or rotate the endpoint's secret."
)


def _fernet() -> Any:
    """A cipher that encrypts by the first key and decrypts by every key. Raises
    ImproperlyConfigured if a key is not valid."""
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415  10 MB, seldom needed

    return MultiFernet([Fernet(key) for key in _keys()])


def _invalid() -> Any:
    from cryptography.fernet import InvalidToken  # noqa: PLC0415  as above

    return InvalidToken


def _keys() -> list[bytes]:
    made = [_derived(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return [*(key.encode() for key in settings.ENCRYPTION_KEYS), *made]


def _derived(secret_key: str) -> bytes:
    digest = hashlib.blake2b(secret_key.encode(), digest_size=32, person=PURPOSE[:16])
    return base64.urlsafe_b64encode(digest.digest())
