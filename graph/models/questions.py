"""Questions that a worker answers because they are too heavy for a request."""

from django.db import models
from django.db.models import Q

from graph.models.choices import QuestionFailure, QuestionStatus
from graph.models.tenant_row import TenantRow, one_of

ACTIVE = (QuestionStatus.QUEUED.value, QuestionStatus.RUNNING.value)


class AskedQuestion(TenantRow):
    """A question and its state: queued → running → done | failed | cancelled.

    The answer is kept until `expires_at`. The same question about the same version has one row,
    unless it was cancelled. `job_id` names the job that may answer it. `fence` grows with every
    attempt, and only the newest attempt may write.
    """

    question = models.TextField(help_text="Its name, as graph.api.heavy_views knows it")
    parameters = models.JSONField(help_text="As a request states them")
    digest = models.TextField(help_text="Of question and parameters")
    version = models.TextField(help_text="Of the graph, when it was asked")
    status = models.TextField(choices=QuestionStatus, db_default=QuestionStatus.QUEUED.value)
    job_id = models.TextField(editable=False, help_text="arq's: its own id and a number")
    tries = models.PositiveIntegerField(db_default=0, help_text="Starts that count")
    fence = models.BigIntegerField(db_default=0, editable=False)
    worker = models.TextField(blank=True, db_default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(null=True, blank=True, help_text="JSON")  # noqa: DJ001
    failure = models.TextField(choices=QuestionFailure, null=True, blank=True)  # noqa: DJ001
    error = models.TextField(blank=True, db_default="", help_text="Why there is no answer")

    class Meta:
        db_table = "asked_questions"
        constraints = [
            one_of("asked_questions", "status", QuestionStatus),
            one_of("asked_questions", "failure", QuestionFailure),
            models.UniqueConstraint(
                fields=["user_id", "digest", "version"],
                condition=Q(cancel_requested_at__isnull=True),
                name="asked_questions_once",
            ),
            models.CheckConstraint(
                condition=Q(status="running", lease_until__isnull=False, started_at__isnull=False)
                | ~Q(status="running") & Q(lease_until__isnull=True),
                name="asked_questions_while_running",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ACTIVE, finished_at__isnull=True, expires_at__isnull=True)
                | ~Q(status__in=ACTIVE) & Q(finished_at__isnull=False, expires_at__isnull=False),
                name="asked_questions_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(status="done", answer__isnull=False)
                | ~Q(status="done") & Q(answer__isnull=True),
                name="asked_questions_with_answer",
            ),
            models.CheckConstraint(
                condition=Q(status="failed", failure__isnull=False) & ~Q(error="")
                | ~Q(status="failed") & Q(failure__isnull=True, error=""),
                name="asked_questions_why_failed",
            ),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | Q(cancel_requested_at__isnull=False),
                name="asked_questions_wished_away",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "-created_at", "-id"], name="asked_questions_newest"),
            models.Index(
                fields=["status", "lease_until"],
                name="asked_questions_active",
                condition=Q(status__in=ACTIVE),
            ),
            models.Index(
                fields=["expires_at"],
                name="asked_questions_expiry",
                condition=Q(expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question} {self.id}"
