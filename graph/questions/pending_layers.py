"""Tells whether the books have changed since the layers were computed."""

from uuid import UUID

from django.db.models import F, Q

from graph.database.tenancy import tenant_transaction
from graph.models import Enrichment


def are_pending(user_id: UUID) -> bool:
    """Return whether the tenant waits for enrichment: its books have changed since the last one
    began."""
    behind = Q(done_for__isnull=True) | Q(done_for__lt=F("wanted_at"))
    with tenant_transaction(user_id):
        return Enrichment.objects.filter(behind, user_id=user_id).exists()
