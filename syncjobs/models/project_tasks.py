"""The tasks that a Django project enqueues through `django.tasks`."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY

from graph.models.tenant_row import one_of
from syncjobs.models.choices import TaskStatus


class ProjectTask(models.Model):
    """One enqueued task: ready → running → successful | failed. A retry or a replay sets it to
    ready again.

    `args`, `kwargs` and `return_value` are JSON texts, so that they are read exactly as written.
    While `lease_until` is in the future, a worker runs the task. `fence` grows with every attempt,
    and only the newest attempt may record its end. `errors` holds the newest attempts' errors.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    path = models.TextField(help_text="The task's module and function")
    args = models.TextField(help_text="JSON")
    kwargs = models.TextField(help_text="JSON")
    backend = models.TextField(help_text="The alias in the setting TASKS")
    queue = models.TextField()
    priority = models.SmallIntegerField(help_text="-100 to 100; larger ones run first")
    run_after = models.DateTimeField(null=True, blank=True)
    max_tries = models.PositiveSmallIntegerField(help_text="Attempts, with the first one")
    backoff = models.FloatField(help_text="Seconds before the second attempt, then doubled")
    status = models.TextField(choices=TaskStatus, db_default=TaskStatus.READY.value)
    tries = models.PositiveIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now(), help_text="When the next attempt may start")
    worker_ids = ArrayField(models.TextField(), default=list, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    fence = models.BigIntegerField(db_default=0, editable=False)
    enqueued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    last_attempted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    return_value = models.TextField(null=True, blank=True, help_text="JSON")  # noqa: DJ001
    errors = models.JSONField(blank=True, db_default=[])
    failure = models.OneToOneField(
        "syncjobs.JobFailure",
        models.DB_SET_NULL,
        null=True,
        blank=True,
        related_name="project_task",
        help_text="Its dead letter",
    )

    class Meta:
        db_table = "project_tasks"
        constraints = [
            one_of("project_tasks", "status", TaskStatus),
            models.CheckConstraint(
                condition=Q(priority__gte=TASK_MIN_PRIORITY, priority__lte=TASK_MAX_PRIORITY),
                name="project_tasks_priority_in_range",
            ),
            models.CheckConstraint(
                condition=Q(max_tries__gte=1, backoff__gte=0), name="project_tasks_tries_possible"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["READY", "RUNNING"], finished_at__isnull=True)
                | Q(status__in=["SUCCESSFUL", "FAILED"], finished_at__isnull=False),
                name="project_tasks_finished_at",
            ),
            models.CheckConstraint(
                condition=Q(status="RUNNING", lease_until__isnull=False)
                | ~Q(status="RUNNING") & Q(lease_until__isnull=True),
                name="project_tasks_running_is_leased",
            ),
            models.CheckConstraint(
                condition=~Q(status="SUCCESSFUL") | Q(return_value__isnull=False),
                name="project_tasks_successful_has_value",
            ),
            models.CheckConstraint(
                condition=~Q(status="FAILED") | ~Q(errors=[]), name="project_tasks_failed_says_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-priority", "due_at", "id"],
                name="project_tasks_ready",
                condition=Q(status="READY"),
            ),
            models.Index(
                fields=["lease_until"], name="project_tasks_leased", condition=Q(status="RUNNING")
            ),
            models.Index(fields=["-enqueued_at", "-id"], name="project_tasks_newest"),
            models.Index(
                fields=["finished_at"],
                name="project_tasks_finished",
                condition=Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.path


__all__ = ["ProjectTask"]
