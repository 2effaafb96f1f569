"""Who calls tools, and in which thread their work runs."""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID


class Caller(Protocol):
    """A tenant whose tools are called from an event loop."""

    async def run[Result](self, work: Callable[[UUID], Result]) -> Result:
        """The result of `work` with the tenant's id, in a thread that may use the database."""
