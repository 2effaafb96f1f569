"""Limits concurrent exports and streams to N slots per process and a few per tenant."""

import threading
from collections import Counter
from uuid import UUID

from graph.errors import Busy, TooMany


class Slots:
    """Limits how many exports or streams run at once in this process.

    `work` names, for messages, what holds a slot. `after` is the number of seconds after which a
    refused client may retry.
    """

    def __init__(self, work: str, after: float) -> None:
        self._work, self._after = work, after
        self._taken: Counter[UUID] = Counter()
        self._changing = threading.Lock()

    def take(self, user_id: UUID, most: int, of_tenant: int = 1) -> None:
        """Take a slot.

        Raises TooMany if the tenant has `of_tenant` slots, Busy if `most` slots are taken.
        """
        with self._changing:
            if self._taken[user_id] >= of_tenant:
                running = "is" if of_tenant == 1 else f"or more ({of_tenant} at most) are"
                raise TooMany(
                    f"{self._work} of yours {running} running. Wait for its end.", self._after
                )
            if self._taken.total() >= most:
                raise Busy(
                    f"This server is running as many of these as it can ({self._work.lower()}). "
                    "Try again in a moment.",
                    self._after,
                )
            self._taken[user_id] += 1

    def give_back(self, user_id: UUID) -> None:
        with self._changing:
            self._taken[user_id] -= 1
            if self._taken[user_id] <= 0:
                del self._taken[user_id]
