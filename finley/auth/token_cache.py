"""Caches validated tokens, so that a burst of requests queries the database once.

The key of an entry is the token's digest. It lives for at most FINLEY_TOKEN_SECONDS and never
beyond the token's expiry. A change by this process takes effect at once, a change by another
process when the entry expires.

An entry holds column values. Each request gets its own objects, which belong to no database role
yet. An object read as one role would make later requests query as that role, and would keep its
cached permissions.
"""

from threading import Lock
from typing import Any

from cachetools import TLRUCache
from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone
from knox.crypto import hash_token

from finley.auth import known_tokens, token_lookup
from finley.models import ApiToken, User

MOST = 10_000  # tokens
Known = tuple[User, ApiToken]
Values = dict[str, Any]
Entry = tuple[Values, Values]


def _expires(digest: str, entry: Entry, now: float) -> float:
    """The time at which an entry expires, on the clock of `now`, in seconds."""
    seconds: float = settings.TOKEN_SECONDS
    expiry = entry[1]["expiry"]
    if expiry is not None:
        seconds = min(seconds, (expiry - timezone.now()).total_seconds())
    return now + seconds


_lock = Lock()
_entries: TLRUCache[str, Entry] = TLRUCache(MOST, _expires)


def get(token: str) -> Known | None:
    """Return the user and the token if this token was validated within the last
    FINLEY_TOKEN_SECONDS, else None."""
    values_of_both = entry(token)
    return None if values_of_both is None else made(*values_of_both)


def entry(token: str) -> Entry | None:
    """Return what `get` returns as column values."""
    with _lock:
        values_of_both = _entries.get(hash_token(token))
    if values_of_both is not None:
        known_tokens.note(token)
    return values_of_both


def made(user: Values, token: Values) -> Known:
    """The user and the token as objects with these values. They belong to no database role, so the
    router decides how later queries are run."""
    asker, api_token = _object(User, user), _object(ApiToken, token)
    ApiToken._meta.get_field("user").set_cached_value(api_token, asker)
    return asker, api_token


def _object[Row: (User, ApiToken)](model: type[Row], values: Values) -> Row:
    """An object of the model with these column values, as if it had been read from the database."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in values]
    row: Row = model.from_db(None, names, [values[name] for name in names])
    return row


def values(pair: Known) -> Entry:
    """The cache entry for a user and a token: the values of their loaded columns, without the
    password."""
    return _columns(pair[0]), _columns(pair[1])


def _columns(row: User | ApiToken) -> Values:
    fields = row._meta.concrete_fields
    loaded = row.__dict__
    return {field.attname: loaded[field.attname] for field in fields if field.attname in loaded}


def current(digest: str) -> Known | None:
    """Read the user and the token from the database again, for requests that last long. `digest` is
    the token's digest.

    None if the token is deleted or expired, or the user is not active.
    """
    row = token_lookup.find(digest)
    pair = None if row is None else made(*row)
    return pair if pair is not None and pair[0].is_active else None


def keep(token: str, pair: Known) -> None:
    known_tokens.note(token)
    with _lock:
        _entries[pair[1].digest] = values(pair)


@receiver([post_save, post_delete], sender=ApiToken)
@receiver([post_save, post_delete], sender=User)
def forget(**_: Any) -> None:
    """Delete all cache entries, because a token or a user has changed. This is rare."""
    with _lock:
        _entries.clear()
    known_tokens.forget()
