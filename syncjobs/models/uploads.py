"""Files that a person uploads in pieces, until they are imported or given up."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from graph.models.tenant_row import TenantRow, no_constraint_fk, one_of, tenant_key
from syncjobs.models.choices import UploadState

MOST_BYTES = 200_000_000  # bytes of a file
PIECE_BYTES = 524_288  # bytes of each piece but the last


class Upload(TenantRow):
    """A file in the states receiving → reading → ready | refused → importing → done | failed, and
    done → taking_back → taken_back.

    A worker reads the file and shows in `preview` how it would be imported. Nothing is stored in
    the books before a person has confirmed that. `choices` are the person's decisions about the
    reading: those of graph.ingest.guessing.reading_options, and whose account it is. `reading` says
    how a CSV was read, for rejected rows that somebody corrects later.
    """

    name = models.TextField(help_text="The file's name, as the person's computer has it")
    size = models.BigIntegerField(help_text="bytes")
    state = models.TextField(choices=UploadState, db_default=UploadState.RECEIVING.value)
    choices = models.JSONField(blank=True, db_default={})
    preview = models.JSONField(null=True, blank=True)
    outcome = models.JSONField(null=True, blank=True, help_text="How many rows became what")
    error = models.TextField(blank=True, db_default="")
    rejects = models.TextField(blank=True, db_default="", help_text="CSV of rows not readable")
    reading = models.JSONField(null=True, blank=True, help_text="Header, delimiter and mapping")
    save_mapping = models.BooleanField(
        db_default=False, help_text="Read files with these columns so from now on"
    )
    uploaded_by = models.TextField(blank=True, db_default="")
    jobs = models.PositiveIntegerField(db_default=0, editable=False, help_text="Jobs so far")
    tries = models.PositiveIntegerField(db_default=0, editable=False, help_text="Starts of a job")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "uploads"
        constraints = [
            tenant_key("uploads"),
            one_of("uploads", "state", UploadState),
            models.CheckConstraint(
                condition=Q(size__gt=0, size__lte=MOST_BYTES), name="uploads_size_bounded"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="uploads_named"),
        ]
        indexes = [
            models.Index(fields=["user_id", "-created_at"], name="uploads_newest"),
            models.Index(
                fields=["updated_at"],
                name="uploads_active",
                condition=Q(state__in=["reading", "importing", "taking_back"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def job_id(self) -> str:
        """The id of the newest job that reads or imports the file."""
        return f"{self.pk}:{self.jobs}"

    @property
    def pieces(self) -> int:
        """The number of pieces of the whole file."""
        return -(-self.size // PIECE_BYTES)


class UploadPiece(TenantRow):
    """One piece of a file, numbered from 0. It is deleted when the file is imported."""

    upload = no_constraint_fk("syncjobs.Upload")
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "upload_pieces"
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "upload", "number"], name="upload_pieces_once"
            ),
            models.CheckConstraint(condition=Q(number__gte=0), name="upload_pieces_numbered"),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.number}"


__all__ = ["Upload", "UploadPiece"]
