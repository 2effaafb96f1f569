"""Whether rows have come for which the layers are still to be computed."""

from uuid import UUID

from django.db.models import F, Q

from graph.database.tenancy import tenant_transaction
from graph.models import Enrichment


def are_pending(user_id: UUID) -> bool:
    """Return whether the books have changed since an enrichment began that has ended."""
    behind = Q(done_for__isnull=True) | Q(done_for__lt=F("wanted_at"))
    with tenant_transaction(user_id):
        return Enrichment.objects.filter(behind, user_id=user_id).exists()
