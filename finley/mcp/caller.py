"""The interface between a tool's call and the thread in which the tool runs."""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID


class Caller(Protocol):
    """The tenant on whose behalf tools are called from an event loop."""

    async def run[Result](self, work: Callable[[UUID], Result]) -> Result:
        """Run `work` with the tenant's id in a thread that may use the database. Return its
        result."""
