"""Limits concurrent exports: N slots per process, one per tenant."""

import threading
from uuid import UUID

from graph.errors import Busy, TooMany


class Slots:
    """`work` names the work for messages; `after` is the number of seconds until a retry."""

    def __init__(self, work: str, after: float) -> None:
        self._work, self._after = work, after
        self._taken: set[UUID] = set()
        self._changing = threading.Lock()

    def take(self, user_id: UUID, most: int) -> None:
        """Take a slot. Raises TooMany if the tenant has one, Busy if `most` slots are taken."""
        with self._changing:
            if user_id in self._taken:
                raise TooMany(f"{self._work} of yours is running. Wait for its end.", self._after)
            if len(self._taken) >= most:
                raise Busy(
                    f"This server is running as many of these as it can ({self._work.lower()}). "
                    "Try again in a moment.",
                    self._after,
                )
            self._taken.add(user_id)

    def give_back(self, user_id: UUID) -> None:
        with self._changing:
            self._taken.discard(user_id)
