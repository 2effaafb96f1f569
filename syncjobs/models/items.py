"""The items at a provider, as of the last sync."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from graph.models.tenant_row import TenantRow, one_of
from syncjobs.models.choices import ItemUse
from syncjobs.models.connections import SyncConnection


class ExternalItem(TenantRow):
    """A message, file or attachment at a provider. A deleted item stays until its retention ends.

    `revision` counts its changes. `generation` names the full sync that saw it last.
    """

    connection = models.ForeignKey(
        SyncConnection,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="items",
    )
    external_id = models.TextField(help_text="The provider's id")
    kind = models.TextField(help_text="message, file or attachment")
    name = models.TextField(blank=True, db_default="")
    parent_id = models.TextField(blank=True, db_default="", help_text="An attachment's message")
    modified_at = models.DateTimeField(null=True, blank=True)
    metadata = models.JSONField(blank=True, db_default={})
    content_hash = models.TextField(blank=True, db_default="", help_text="Of all that is stored")
    generation = models.TextField(blank=True, db_default="", editable=False)
    revision = models.PositiveIntegerField(db_default=1)
    used_as = models.TextField(choices=ItemUse, db_default=ItemUse.NOTHING.value)
    failures = models.PositiveIntegerField(
        db_default=0, help_text="Times that its reading failed and may succeed another time"
    )
    note = models.TextField(blank=True, db_default="", help_text="What was read, or why not")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "external_items"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_id"], name="external_items_provider_key"
            ),
            one_of("external_items", "used_as", ItemUse),
            models.CheckConstraint(
                condition=Q(kind__in=["message", "file", "attachment"]),
                name="external_items_kind_known",
            ),
            models.CheckConstraint(condition=~Q(external_id=""), name="external_items_id_stated"),
        ]
        indexes = [
            models.Index(fields=["user_id"], name="external_items_user"),
            models.Index(
                fields=["connection"],
                name="external_items_failed",
                condition=Q(used_as="unreadable", failures__gt=0),
            ),
            models.Index(
                fields=["deleted_at"],
                name="external_items_deleted",
                condition=Q(deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id


__all__ = ["ExternalItem"]
