"""Which database role the ORM uses: the application's, or the owner's inside `as_owner()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_owner = ContextVar("finley_owner", default=False)


@contextmanager
def as_owner() -> Iterator[None]:
    """Run the ORM's queries inside as the owning role (for the admin and maintenance)."""
    token = _owner.set(True)
    try:
        yield
    finally:
        _owner.reset(token)


def is_owner() -> bool:
    """Whether the caller is inside `as_owner()`."""
    return _owner.get()
