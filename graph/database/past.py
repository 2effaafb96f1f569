"""What tenants' transactions read: the tables as they are, or as they were at a moment.

Inside `reading`, each tenant transaction on Django's connection reads the views of the schema
`as_of` in place of the recorded tables, because they come first in its search path.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from graph.errors import QuestionError

SCHEMA = "as_of"
# The last statement locks a view of the schema, so that dropping the schema waits for the
# transaction's end.
ENTER: LiteralString = (
    "SELECT set_config('finley.as_of', %s, true), "
    "set_config('search_path', 'as_of, public', true); "
    "SELECT FROM as_of.raw_events WHERE false"
)


@dataclass(frozen=True, slots=True)
class Past:
    """A moment, or a limit of the events' time, or both.

    Transactions that ended at `recorded` or later are undone; None undoes nothing. Relationships
    that occurred after `until` are left out; None leaves out nothing.
    """

    recorded: datetime | None = None
    until: datetime | None = None


_past: ContextVar[Past | None] = ContextVar("finley_past", default=None)


def current() -> Past | None:
    """Return what the context reads of the past; None if it reads the present."""
    return _past.get()


@contextmanager
def reading(past: Past) -> Iterator[None]:
    """Read the past inside this context. Raises RuntimeError inside another one."""
    if _past.get() is not None:
        raise RuntimeError("Another moment is being read.")
    token = _past.set(past)
    try:
        yield
    finally:
        _past.reset(token)


def require_present() -> None:
    """Raise QuestionError if the context reads the past. For what can read the present only."""
    if _past.get() is not None:
        raise QuestionError(
            "This question cannot be asked of the past. Omit `as_of` and `valid`.", "as_of"
        )
