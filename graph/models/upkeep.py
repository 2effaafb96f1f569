"""The state of enrichment: tenants that wait for it, and the series found so far."""

from django.db import models
from django.db.models import F, Q

from graph.models.tenant_row import TenantRow


class Enrichment(TenantRow):
    """States whether a tenant's layers are current. They are if `done_for` equals `wanted_at`.

    Code that writes payments sets `wanted_at` in the same transaction. An enrichment that began
    after that timestamp sets `done_for` to it.
    """

    wanted_at = models.DateTimeField(help_text="When the books last changed")
    done_for = models.DateTimeField(
        null=True, blank=True, help_text="Up to which change the layers are computed"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "enrichments"
        constraints = [
            models.UniqueConstraint(fields=["user_id"], name="enrichments_user_key"),
            models.CheckConstraint(
                condition=Q(done_for__isnull=True) | Q(done_for__lte=F("wanted_at")),
                name="enrichments_not_ahead",
            ),
        ]
        indexes = [
            models.Index(
                "wanted_at",
                condition=Q(done_for__isnull=True) | Q(done_for__lt=F("wanted_at")),
                name="enrichments_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"enrichment of {self.user_id}"


class SavedMapping(TenantRow):
    """A mapping that a tenant saved for files with certain columns
    (graph.ingest.mappings.saved_mappings)."""

    layout = models.TextField(help_text="Of the columns' names, in any order")
    name = models.TextField()
    toml = models.TextField(help_text="The mapping, as docs/formats.md describes it")

    class Meta:
        db_table = "saved_mappings"
        constraints = [
            models.UniqueConstraint(fields=["user_id", "layout"], name="saved_mappings_layout_key")
        ]

    def __str__(self) -> str:
        return f"mapping {self.name} of {self.user_id}"


class SearchedGroup(TenantRow):
    """A group of payments that was searched for series, with the series found.

    `key` identifies the group's parties and the method, so a newer method searches again. `digest`
    is computed from the group's rows.
    """

    key = models.TextField()
    digest = models.TextField()
    found = models.JSONField(help_text="The series, as graph.enrich.series.incremental writes them")

    class Meta:
        db_table = "searched_groups"
        constraints = [
            models.UniqueConstraint(fields=["user_id", "key"], name="searched_groups_key_key")
        ]

    def __str__(self) -> str:
        return f"group {self.key}"
