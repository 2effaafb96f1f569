"""So many at once: a process has places for work that lasts, and a tenant takes one of them."""

import threading
from uuid import UUID

from graph.errors import Busy, TooMany


class Places:
    """`work` says what is done in them; `after` is when it is worth asking again (seconds)."""

    def __init__(self, work: str, after: float) -> None:
        self._work, self._after = work, after
        self._taken: set[UUID] = set()
        self._changing = threading.Lock()

    def take(self, user_id: UUID, most: int) -> None:
        """Raises TooMany for a tenant that has one, Busy where `most` are taken."""
        with self._changing:
            if user_id in self._taken:
                raise TooMany(f"{self._work} of yours is under way: wait for its end.", self._after)
            if len(self._taken) >= most:
                raise Busy(
                    f"As many as can be are under way here ({self._work.lower()} each): "
                    "ask again in a moment.",
                    self._after,
                )
            self._taken.add(user_id)

    def give_back(self, user_id: UUID) -> None:
        with self._changing:
            self._taken.discard(user_id)
