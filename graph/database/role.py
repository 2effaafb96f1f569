"""The two database roles: the application's, and the owner's, which `as_owner()` switches to."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connections

_owner = ContextVar("finley_owner", default=False)


@contextmanager
def as_owner() -> Iterator[None]:
    """Send the ORM's queries inside to the owning role's connection, for the admin and for
    maintenance."""
    token = _owner.set(True)
    try:
        yield
    finally:
        _owner.reset(token)


def is_owner() -> bool:
    """Return whether the caller is inside `as_owner()`."""
    return _owner.get()


def application_role() -> str:
    """Return the database role of the web and worker processes."""
    return str(connections["default"].settings_dict["USER"])


def current_role(using: str) -> str:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])
