"""Which role does what: the application's by default, the owner's inside `as_owner()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_owner = ContextVar("finley_owner", default=False)


@contextmanager
def as_owner() -> Iterator[None]:
    """Everything the ORM does inside runs as the owning role (the admin, maintenance)."""
    token = _owner.set(True)
    try:
        yield
    finally:
        _owner.reset(token)


class TwoRoles:
    """Routes by role, not by model: both aliases are the same database."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        """An object's relatives are read where it was: by the same role."""
        if (instance := hints.get("instance")) is not None and instance._state.db:
            return str(instance._state.db)
        return "owner" if _owner.get() else "default"

    db_for_write = db_for_read

    def allow_relation(self, obj1: object, obj2: object, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "owner"
