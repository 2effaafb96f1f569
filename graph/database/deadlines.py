"""A time limit per thread for a question, which also applies to its database statements.

A statement in a tenant's transaction is cancelled when the time is up; `check` ends Python code.
Compiled code cannot be interrupted, so its cost is estimated before it begins
(graph.questions.heavy.costs).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from graph.errors import TookTooLong

_ends: ContextVar[float | None] = ContextVar("finley_ends", default=None)
LEAST = 1  # milliseconds; 0 would be no limit
GRACE = 5_000  # milliseconds that a transaction may stay idle after the time limit


@contextmanager
def seconds(most: float) -> Iterator[None]:
    """Set the time limit for the code inside. A shorter outer limit stays in force."""
    outer, end = _ends.get(), time.monotonic() + most
    token = _ends.set(end if outer is None else min(outer, end))
    try:
        yield
    finally:
        _ends.reset(token)


def check() -> None:
    """Raise TookTooLong if the time is up."""
    ends = _ends.get()
    if ends is not None and time.monotonic() >= ends:
        raise TookTooLong


def statement() -> str:
    """Return PostgreSQL's statement_timeout for the remaining time, in milliseconds; "" without a
    limit."""
    return "" if (milliseconds := _left()) is None else str(milliseconds)


def idle() -> str:
    """Return PostgreSQL's idle_in_transaction_session_timeout for the remaining time, in
    milliseconds; "" without a limit.

    It frees the locks of a thread that never reaches its own `check`.
    """
    return "" if (milliseconds := _left()) is None else str(milliseconds + GRACE)


def _left() -> int | None:
    ends = _ends.get()
    return None if ends is None else max(LEAST, int((ends - time.monotonic()) * 1000))
