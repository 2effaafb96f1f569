"""A person's word on pairs of payments that the fraud layer found."""

from collections.abc import Sequence
from uuid import UUID

from graph.database.tenancy import tenant_transaction
from graph.models import DuplicateTransaction
from graph.models.choices import DuplicateStatus


def decide(
    user_id: UUID, pairs: Sequence[UUID], status: DuplicateStatus, *, seen: DuplicateStatus
) -> list[UUID]:
    """Give the pairs a status; the pairs that got it.

    Only those that still have the status which the person saw: where another was faster, that
    decision stands.
    """
    with tenant_transaction(user_id):
        found = DuplicateTransaction.objects.select_for_update().filter(
            user_id=user_id, pk__in=list(pairs), status=seen
        )
        changed = list(found.order_by("pk").values_list("pk", flat=True))
        DuplicateTransaction.objects.filter(user_id=user_id, pk__in=changed).update(status=status)
    return changed


def statuses(user_id: UUID, pairs: Sequence[UUID]) -> dict[UUID, str]:
    """What the pairs are now."""
    with tenant_transaction(user_id):
        rows = DuplicateTransaction.objects.filter(user_id=user_id, pk__in=list(pairs))
        return dict(rows.values_list("pk", "status"))
