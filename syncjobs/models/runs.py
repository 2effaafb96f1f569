"""Accepted runs and their attempts."""

from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from graph.models.tenant_row import TenantRow, one_of, tenant_key
from syncjobs.models.choices import ACTIVE, Outcome, Provider, RunStatus, Trigger
from syncjobs.models.connections import SyncConnection

ENDED = ("succeeded", "failed", "cancelled")


class SyncRun(TenantRow):
    """One accepted request: queued → running → succeeded | failed | cancelled.

    It is written before its job is enqueued in Redis. `job_id` names the arq job that may run it
    now, so a job that was replaced cannot run it. `fence` grows with every attempt, and only the
    newest attempt may save. A trigger enforces the transitions.
    """

    connection = models.ForeignKey(
        SyncConnection,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="runs",
    )
    provider = models.TextField(choices=Provider)
    function = models.TextField(help_text="The task's name")
    trigger = models.TextField(choices=Trigger)
    payload = models.JSONField(blank=True, db_default={}, help_text="What was asked")
    correlation_id = models.TextField(blank=True, db_default="")
    replay_of = models.ForeignKey(
        "syncjobs.JobFailure",
        models.DB_SET_NULL,
        null=True,
        blank=True,
        related_name="replays",
        help_text="The failure that this run replays",
    )
    status = models.TextField(choices=RunStatus, db_default=RunStatus.QUEUED.value)
    job_number = models.PositiveIntegerField(db_default=1, editable=False)
    job_id = models.TextField(unique=True, editable=False, help_text="arq's")
    tries = models.PositiveIntegerField(db_default=0, help_text="Attempts that count")
    fence = models.BigIntegerField(db_default=0, editable=False)
    worker = models.TextField(blank=True, db_default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(blank=True, db_default={}, help_text="What was done so far")
    log = models.JSONField(blank=True, db_default=[], help_text="A line for each of the last saves")
    error = models.TextField(blank=True, db_default="", help_text="Why it failed, in a sentence")

    class Meta:
        db_table = "sync_runs"
        constraints = [
            tenant_key("sync_runs"),
            one_of("sync_runs", "status", RunStatus),
            one_of("sync_runs", "trigger", Trigger),
            one_of("sync_runs", "provider", Provider),
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(status__in=ACTIVE),
                name="sync_runs_one_active",
                violation_error_message="A sync of this connection is queued or running already.",
            ),
            models.CheckConstraint(
                condition=Q(status="running", lease_until__isnull=False, started_at__isnull=False)
                & ~Q(worker="")
                | ~Q(status="running") & Q(lease_until__isnull=True),
                name="sync_runs_running_is_leased",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ENDED, finished_at__isnull=False)
                | Q(status__in=ACTIVE, finished_at__isnull=True),
                name="sync_runs_ended_at",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(error=""), name="sync_runs_failed_says_why"
            ),
            models.CheckConstraint(
                condition=Q(trigger="replay") | Q(replay_of__isnull=True),
                name="sync_runs_replay_triggered",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "-created_at", "-id"], name="sync_runs_user_newest"),
            models.Index(fields=["connection", "-created_at"], name="sync_runs_connection_newest"),
            models.Index(fields=["-created_at", "-id"], name="sync_runs_newest"),
            models.Index(
                fields=["status", "lease_until"],
                name="sync_runs_active",
                condition=Q(status__in=ACTIVE),
            ),
            models.Index(
                fields=["finished_at"],
                name="sync_runs_finished",
                condition=Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.function} {self.id}"


class JobAttempt(models.Model):
    """One attempt at a run by a worker, and how it ended."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    user_id = models.UUIDField("tenant")
    run = models.ForeignKey(SyncRun, models.DB_CASCADE, db_index=False, related_name="attempts")
    fence = models.BigIntegerField(help_text="The fencing token of this attempt")
    try_number = models.PositiveIntegerField(help_text="arq's job_try")
    worker = models.TextField()
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(choices=Outcome, db_default=Outcome.RUNNING.value)
    retry_after = models.FloatField(
        null=True, blank=True, help_text="Seconds until the next attempt"
    )
    error_class = models.TextField(blank=True, db_default="")
    error = models.TextField(blank=True, db_default="")
    traceback = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "job_attempts"
        constraints = [
            models.UniqueConstraint(fields=["run", "fence"], name="job_attempts_fence_key"),
            one_of("job_attempts", "outcome", Outcome),
            models.CheckConstraint(
                condition=Q(outcome="running", ended_at__isnull=True)
                | ~Q(outcome="running") & Q(ended_at__gte=F("started_at")),
                name="job_attempts_ended_at",
            ),
        ]
        indexes = [models.Index(fields=["-started_at", "-id"], name="job_attempts_newest")]

    def __str__(self) -> str:
        return f"try {self.try_number}: {self.outcome}"


def request_of(run: SyncRun) -> dict[str, Any]:
    """The run's request, for a replay; it contains no secrets."""
    return {"run": str(run.pk), "connection": str(run.connection_id), **run.payload}


__all__ = ["JobAttempt", "SyncRun", "request_of"]
