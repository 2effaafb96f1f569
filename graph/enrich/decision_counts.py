"""Counts what people have decided about each kind of finding, and lowers its confidence
accordingly.

If fewer than HALF of at least ENOUGH decided cases of a kind were confirmed, the kind's confidence
is lowered in the tenant's books. Its findings are then no surer than this share, and say so.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q

from graph.database.tenancy import tenant_transaction
from graph.models import PaymentCase
from graph.models.choices import CaseState

ENOUGH, HALF = 20, 0.5


@dataclass(frozen=True, slots=True)
class Record:
    """How many cases of one kind of duplicate people have decided, and how many of these they
    have confirmed."""

    confirmed: int
    decided: int

    @property
    def share(self) -> float:
        return self.confirmed / self.decided if self.decided else 1.0

    @property
    def is_turned_down(self) -> bool:
        return self.decided >= ENOUGH and self.share < HALF

    def __str__(self) -> str:
        return f"{self.confirmed} of {self.decided} decided cases of this kind were confirmed"


def records(user_id: UUID) -> dict[str, Record]:
    """Return kind of duplicate → how many cases of it the tenant's people have decided and
    confirmed."""
    right = Q(state__in=[CaseState.CONFIRMED, CaseState.RECOVERED])
    with tenant_transaction(user_id):
        counted = (
            PaymentCase.objects.filter(user_id=user_id)
            .exclude(state=CaseState.OPEN)
            .order_by("kind")
            .values_list("kind")
            .annotate(confirmed=Count("pk", filter=right), decided=Count("pk"))
        )
        return {kind: Record(confirmed, decided) for kind, confirmed, decided in counted}
