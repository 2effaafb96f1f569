"""So many at once: a process has places for work that lasts, and a tenant takes few of them."""

import threading
from collections import Counter
from uuid import UUID

from graph.errors import Busy, TooMany


class Places:
    """`work` says what is done in them; `after` is when it is worth asking again (seconds)."""

    def __init__(self, work: str, after: float) -> None:
        self._work, self._after = work, after
        self._taken: Counter[UUID] = Counter()
        self._changing = threading.Lock()

    def take(self, user_id: UUID, most: int, of_tenant: int = 1) -> None:
        """Raises TooMany for a tenant that has `of_tenant`, Busy where `most` are taken."""
        with self._changing:
            if self._taken[user_id] >= of_tenant:
                are = "is" if of_tenant == 1 else f"or more ({of_tenant} at most) are"
                raise TooMany(
                    f"{self._work} of yours {are} under way: wait for its end.", self._after
                )
            if self._taken.total() >= most:
                raise Busy(
                    f"As many as can be are under way here ({self._work.lower()} each): "
                    "ask again in a moment.",
                    self._after,
                )
            self._taken[user_id] += 1

    def give_back(self, user_id: UUID) -> None:
        with self._changing:
            self._taken[user_id] -= 1
            if self._taken[user_id] <= 0:
                del self._taken[user_id]
