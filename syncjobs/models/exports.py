"""Exports of all data of a tenant, which a worker makes for the tenant's owner."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from graph.models.tenant_row import TenantRow, no_constraint_fk, one_of, tenant_key
from syncjobs.models.choices import ExportState

MOST_BYTES = 2_000_000_000  # of an export's file
PIECE_BYTES = 1_048_576  # bytes of each piece but the last


class TenantExport(TenantRow):
    """An export in the states waiting → running → done | failed.

    Its file is stored in pieces, because the process that a person downloads it from shares no
    folder with the worker. Both are deleted at `expires_at`.
    """

    state = models.TextField(choices=ExportState, db_default=ExportState.WAITING.value)
    requested_by = models.TextField(help_text="The person's e-mail address")
    tries = models.PositiveIntegerField(db_default=0, editable=False)
    size = models.BigIntegerField(null=True, blank=True, help_text="bytes of the ZIP file")
    sha256 = models.TextField(blank=True, db_default="")
    rows = models.BigIntegerField(null=True, blank=True, help_text="rows of all tables")
    error = models.TextField(blank=True, db_default="")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "tenant_exports"
        constraints = [
            tenant_key("tenant_exports"),
            one_of("tenant_exports", "state", ExportState),
            models.UniqueConstraint(
                fields=["user_id"],
                name="tenant_exports_one_active",
                condition=Q(state__in=["waiting", "running"]),
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | Q(size__isnull=False, rows__isnull=False, expires_at__isnull=False),
                name="tenant_exports_done_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "-created_at"], name="tenant_exports_newest"),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def pieces(self) -> int:
        """The number of pieces of the file; 0 before it is done."""
        return -(-(self.size or 0) // PIECE_BYTES)


class TenantExportPiece(TenantRow):
    """One piece of an export's file, numbered from 0."""

    export = no_constraint_fk("syncjobs.TenantExport")
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "tenant_export_pieces"
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "export", "number"], name="tenant_export_pieces_once"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=0), name="tenant_export_pieces_numbered"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.export_id} {self.number}"
