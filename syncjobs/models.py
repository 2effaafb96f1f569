"""Background work and what became of it."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class JobFailure(models.Model):
    """A dead letter: a job that failed for good, with all that is needed to look into it."""

    class Status(models.TextChoices):
        OPEN = "open"
        REPLAYING = "replaying"
        RESOLVED = "resolved"
        IGNORED = "ignored"
        DISCARDED = "discarded"

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    user_id = models.UUIDField("tenant", null=True, blank=True)
    provider = models.TextField(blank=True, db_default="")
    connection_id = models.TextField(blank=True, db_default="")
    correlation_id = models.TextField(blank=True, db_default="")
    job_id = models.TextField(blank=True, db_default="")
    function = models.TextField()
    payload = models.JSONField(blank=True, db_default={})
    error_class = models.TextField(blank=True, db_default="")
    error = models.TextField(help_text="What went wrong, in a sentence")
    traceback = models.TextField(blank=True, db_default="")
    fingerprint = models.TextField(blank=True, db_default="", help_text="Groups like failures")
    tries = models.PositiveIntegerField(db_default=1)
    first_failed_at = models.DateTimeField(db_default=Now())
    last_failed_at = models.DateTimeField(db_default=Now())
    status = models.TextField(choices=Status, db_default=Status.OPEN.value)

    class Meta:
        db_table = "job_failures"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["open", "replaying", "resolved", "ignored", "discarded"]),
                name="job_failures_status_known",
            ),
            models.CheckConstraint(
                condition=Q(first_failed_at__lte=F("last_failed_at")),
                name="job_failures_times_ordered",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-last_failed_at"], name="job_failures_status_last"),
            models.Index(fields=["fingerprint"], name="job_failures_fingerprint"),
            models.Index(fields=["user_id"], name="job_failures_user"),
        ]

    def __str__(self) -> str:
        return f"{self.function}: {self.error[:80]}"
