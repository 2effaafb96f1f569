"""Tokens that were good a moment ago, so that a burst of requests does not ask for each anew.

Kept by their digest, for FINLEY_TOKEN_SECONDS at most and never beyond their expiry. Whatever this
process changes about a token or a user is known at once; what another changes, within that time.

What is kept are column values. Each request gets objects of its own, which belong to no database
role yet: an object that was read as one role would make later requests ask as that role, and would
remember permissions.
"""

from threading import Lock
from typing import Any

from cachetools import TLRUCache
from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone
from knox.crypto import hash_token

from finley.auth import known_tokens
from finley.models import ApiToken, User

MOST = 10_000
Known = tuple[User, ApiToken]
Values = dict[str, Any]
Entry = tuple[Values, Values]


def _expires(digest: str, entry: Entry, now: float) -> float:
    """The time until which an entry is used, on the clock of `now`, in seconds."""
    seconds: float = settings.TOKEN_SECONDS
    expiry = entry[1]["expiry"]
    if expiry is not None:
        seconds = min(seconds, (expiry - timezone.now()).total_seconds())
    return now + seconds


_lock = Lock()
_entries: TLRUCache[str, Entry] = TLRUCache(MOST, _expires)


def get(token: str) -> Known | None:
    """Whose it is, if it was good within the time."""
    with _lock:
        entry = _entries.get(hash_token(token))
    if entry is None:
        return None
    known_tokens.note(token)
    return made(*entry)


def made(user: Values, token: Values) -> Known:
    """Objects of these values that belong to no role: the router decides where they are read."""
    asker = User.from_db(None, list(user), list(user.values()))
    api_token = ApiToken.from_db(None, list(token), list(token.values()))
    ApiToken._meta.get_field("user").set_cached_value(api_token, asker)
    return asker, api_token


def values(pair: Known) -> Entry:
    """The columns that were read of both; never the password."""
    return _columns(pair[0]), _columns(pair[1])


def _columns(row: User | ApiToken) -> Values:
    fields = row._meta.concrete_fields
    loaded = row.__dict__
    return {field.attname: loaded[field.attname] for field in fields if field.attname in loaded}


def current(digest: str) -> Known | None:
    """As the database has it now: None for a token that is gone or expired, or a user who is not
    active. For what lasts longer than a request."""
    tokens = ApiToken.objects.filter(digest=digest).select_related("user").defer("user__password")
    token = tokens.first()
    if token is None or not token.user.is_active:
        return None
    if token.expiry is not None and token.expiry <= timezone.now():
        return None
    return token.user, token


def keep(token: str, pair: Known) -> None:
    known_tokens.note(token)
    with _lock:
        _entries[pair[1].digest] = values(pair)


@receiver([post_save, post_delete], sender=ApiToken)
@receiver([post_save, post_delete], sender=User)
def forget(**_: Any) -> None:
    """All of them: such changes are rare."""
    with _lock:
        _entries.clear()
    known_tokens.forget()
