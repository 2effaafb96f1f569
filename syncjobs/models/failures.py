"""Dead letters: jobs that failed for good."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from graph.models.tenant_row import one_of
from syncjobs.models.choices import FailureStatus


class JobFailure(models.Model):
    """A job that failed for good, with everything needed to investigate and replay it.

    One row per job: a replay that fails updates its original's row. It contains no secrets:
    payload, error and traceback are masked when they are written.
    """

    Status = FailureStatus

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    user_id = models.UUIDField("tenant", null=True, blank=True)
    provider = models.TextField(blank=True, db_default="")
    connection_id = models.TextField(blank=True, db_default="", help_text="Our connection's id")
    correlation_id = models.TextField(blank=True, db_default="")
    run = models.OneToOneField(
        "syncjobs.SyncRun",
        models.DB_SET_NULL,
        null=True,
        blank=True,
        related_name="failure",
        help_text="The run that failed; none where Redis held a job that nobody had accepted",
    )
    job_id = models.TextField(blank=True, db_default="", help_text="arq's")
    function = models.TextField()
    payload = models.JSONField(blank=True, db_default={}, help_text="What a replay would ask for")
    payload_history = models.JSONField(
        blank=True, db_default=[], help_text="Earlier payloads: payload, by, at"
    )
    error_class = models.TextField(blank=True, db_default="")
    error = models.TextField(help_text="What went wrong, in a sentence")
    traceback = models.TextField(blank=True, db_default="")
    location = models.TextField(
        blank=True, db_default="", help_text="The innermost frame of finley's code"
    )
    fingerprint = models.TextField(blank=True, db_default="", help_text="Groups like failures")
    tries = models.PositiveIntegerField(db_default=1)
    first_failed_at = models.DateTimeField(db_default=Now())
    last_failed_at = models.DateTimeField(db_default=Now())
    status = models.TextField(choices=FailureStatus, db_default=FailureStatus.OPEN.value)
    note = models.TextField(blank=True, db_default="", help_text="Why it was settled")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "job_failures"
        permissions = [
            ("replay_jobfailure", "Can replay job failures"),
            ("settle_jobfailure", "Can resolve, ignore and discard job failures"),
        ]
        constraints = [
            one_of("job_failures", "status", FailureStatus),
            models.CheckConstraint(
                condition=Q(first_failed_at__lte=F("last_failed_at")),
                name="job_failures_times_ordered",
            ),
            models.CheckConstraint(
                condition=~Q(status="discarded") | ~Q(note=""),
                name="job_failures_discarded_says_why",
            ),
            models.UniqueConstraint(
                fields=["job_id"], condition=~Q(job_id=""), name="job_failures_job_key"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-last_failed_at"], name="job_failures_status_last"),
            models.Index(fields=["-last_failed_at"], name="job_failures_last"),
            models.Index(fields=["fingerprint", "-last_failed_at"], name="job_failures_group"),
            models.Index(fields=["provider", "status"], name="job_failures_provider_status"),
            models.Index(fields=["connection_id"], name="job_failures_connection"),
            models.Index(fields=["user_id", "-last_failed_at"], name="job_failures_user_last"),
            models.Index(fields=["correlation_id"], name="job_failures_correlation"),
        ]

    def __str__(self) -> str:
        return f"{self.function}: {self.error[:80]}"


__all__ = ["JobFailure"]
