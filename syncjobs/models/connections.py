"""A tenant's account at a provider, reached through Nango."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from graph.models.tenant_row import TenantRow, one_of, tenant_key
from syncjobs.models.choices import ConnectionState, Provider


class SyncConnection(TenantRow):
    """A tenant's connection. `cursor` is where the source goes on reading; if it is null, the next
    sync lists everything."""

    provider = models.TextField(choices=Provider)
    nango_connection_id = models.TextField("Nango's connection id")
    integration = models.TextField(
        "Nango's integration id", blank=True, db_default="", help_text="Empty: the provider's name"
    )
    state = models.TextField(choices=ConnectionState, db_default=ConnectionState.ALIVE.value)
    state_reason = models.TextField(blank=True, db_default="")
    sync_every = models.DurationField(null=True, blank=True, help_text="Empty: only when asked")
    next_sync_at = models.DateTimeField(null=True, blank=True)
    cursor = models.JSONField(null=True, blank=True, editable=False)
    last_synced_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "sync_connections"
        constraints = [
            tenant_key("sync_connections"),
            one_of("sync_connections", "provider", Provider),
            one_of("sync_connections", "state", ConnectionState),
            models.UniqueConstraint(
                fields=["provider", "nango_connection_id"],
                condition=~Q(state="removed"),
                name="sync_connections_nango_key",
            ),
            models.CheckConstraint(
                condition=~Q(nango_connection_id=""), name="sync_connections_id_stated"
            ),
            models.CheckConstraint(
                condition=Q(sync_every__isnull=True) | Q(sync_every__gte=timedelta(minutes=1)),
                name="sync_connections_every_a_minute",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id"], name="sync_connections_user"),
            models.Index(
                fields=["next_sync_at"],
                name="sync_connections_due",
                condition=Q(next_sync_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} {self.nango_connection_id}"


__all__ = ["SyncConnection"]
