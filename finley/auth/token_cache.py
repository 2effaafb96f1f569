"""Caches validated tokens, so that a burst of requests queries the database once.

Entries are keyed by the token's digest, for FINLEY_TOKEN_SECONDS at most and never beyond the
token's expiry. A change by this process takes effect at once; a change by another process within
that time.

An entry holds column values. Each request gets objects of its own, which belong to no database role
yet: an object read as one role would make later requests query as that role, and would keep its
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
    """The token's user and row, if it was validated recently; else None."""
    with _lock:
        entry = _entries.get(hash_token(token))
    if entry is None:
        return None
    known_tokens.note(token)
    return made(*entry)


def made(user: Values, token: Values) -> Known:
    """Objects of these values that belong to no role: the router decides where they are read."""
    asker, api_token = _object(User, user), _object(ApiToken, token)
    ApiToken._meta.get_field("user").set_cached_value(api_token, asker)
    return asker, api_token


def _object[Row: (User, ApiToken)](model: type[Row], values: Values) -> Row:
    """`from_db` takes values in the order of the model's columns."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in values]
    row: Row = model.from_db(None, names, [values[name] for name in names])
    return row


def values(pair: Known) -> Entry:
    """The columns that were read of the user and the token; never the password."""
    return _columns(pair[0]), _columns(pair[1])


def _columns(row: User | ApiToken) -> Values:
    fields = row._meta.concrete_fields
    loaded = row.__dict__
    return {field.attname: loaded[field.attname] for field in fields if field.attname in loaded}


def current(digest: str) -> Known | None:
    """As the database has it now: None for a token that is gone or expired, or a user who is not
    active. For what lasts longer than a request."""
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
    """Delete all entries. Changes of tokens and users are rare."""
    with _lock:
        _entries.clear()
    known_tokens.forget()
