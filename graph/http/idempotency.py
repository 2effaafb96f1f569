"""Idempotency keys: a repeated request gets the stored answer and is not executed again.

The key, the answer and the request's own changes are committed in one transaction. A second request
with the same key that arrives during the first one is refused at once. A failed request stores
nothing and changes nothing, so the client may repeat it with the same key.
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
class IdempotentRequest:
    """A tenant's request with an Idempotency-Key, which is executed at most once."""

    user_id: UUID
    key: str
    digest: str

    def answered(self) -> RepeatedRequest | None:
        """Return the stored answer to this key, or None. Raises KeyReused if the request
        differs."""
        with _transaction(self.user_id):
            return self._stored()

    @contextmanager
    def first(self) -> Iterator["Execution"]:
        """Yield the first execution of the request, in a transaction.

        Raises KeyReused if the key belongs to a different request, and KeyInUse while another
        request with the key is executed.
        """
        with _transaction(self.user_id) as connection:
            with connection.cursor() as cursor:
                lock = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 11))"
                cursor.execute(lock, [f"{self.user_id} {self.key}"])
                if cursor.fetchone() == (False,):
                    raise KeyInUse
            first = Execution(self, self._stored())
            yield first
            if first.known is None and not first.kept:
                transaction.set_rollback(True, using=connection.alias)

    def _stored(self) -> RepeatedRequest | None:
        requests = RepeatedRequest.objects.filter(user_id=self.user_id, key=self.key)
        recorded = requests.filter(created_at__gt=Now() - KEPT).first()
        if recorded is not None and recorded.digest != self.digest:
            raise KeyReused
        return recorded


@dataclass(slots=True)
class Execution:
    """The execution of a request. Its transaction is rolled back unless `keep` is called.

    `known` is the stored answer if another request with this key was faster, else None.
    """

    once: IdempotentRequest
    known: RepeatedRequest | None
    kept: bool = False

    def keep(self, status: int, answer: str, location: str) -> None:
        """Store the response (status, body as text, Location header) under the key, and keep the
        changes of the transaction."""
        once = self.once
        expired = RepeatedRequest.objects.filter(user_id=once.user_id, key=once.key)
        expired.delete()
        recorded = RepeatedRequest(
            user_id=once.user_id,
            key=once.key,
            digest=once.digest,
            status=status,
            answer=answer,
            location=location,
        )
        recorded.save(force_insert=True)
        self.kept = True


def _transaction(user_id: UUID) -> Any:
    return tenant_transaction(user_id, using=router.db_for_write(RepeatedRequest))
