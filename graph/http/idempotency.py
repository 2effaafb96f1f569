"""A request that is sent again with its Idempotency-Key is answered as before, and done once.

The key, its answer and what the request did are one transaction. Who comes with the key meanwhile
is told so at once. What failed is not kept: it has done nothing, and may be tried again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import router, transaction
from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from graph.errors import KeyInUse, KeyReused
from graph.models import RepeatedRequest

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to be done once."""

    user_id: UUID
    key: str
    digest: str

    def answered(self) -> RepeatedRequest | None:
        """What it was answered before. Raises KeyReused."""
        with _transaction(self.user_id):
            return self._known()

    @contextmanager
    def first(self) -> Iterator["First"]:
        """A transaction for what it does. Raises KeyReused, and KeyInUse while it is under way."""
        with _transaction(self.user_id) as connection:
            with connection.cursor() as cursor:
                asked = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 11))"
                cursor.execute(asked, [f"{self.user_id} {self.key}"])
                if cursor.fetchone() == (False,):
                    raise KeyInUse
            first = First(self, self._known())
            yield first
            if first.known is None and not first.kept:
                transaction.set_rollback(True, using=connection.alias)

    def _known(self) -> RepeatedRequest | None:
        mine = RepeatedRequest.objects.filter(user_id=self.user_id, key=self.key)
        known = mine.filter(created_at__gt=Now() - KEPT).first()
        if known is not None and known.digest != self.digest:
            raise KeyReused
        return known


@dataclass(slots=True)
class First:
    """`known`: it is none, another request was quicker. What is not kept is undone."""

    once: Once
    known: RepeatedRequest | None
    kept: bool = False

    def keep(self, status: int, answer: str, location: str) -> None:
        """This is its answer, from now on."""
        once = self.once
        old = RepeatedRequest.objects.filter(user_id=once.user_id, key=once.key)
        old.delete()  # one that was kept for long enough
        made = RepeatedRequest(
            user_id=once.user_id,
            key=once.key,
            digest=once.digest,
            status=status,
            answer=answer,
            location=location,
        )
        made.save(force_insert=True)
        self.kept = True


def _transaction(user_id: UUID) -> Any:
    return tenant_transaction(user_id, using=router.db_for_write(RepeatedRequest))
