"""The worker processes that are running."""

from django.db import models
from django.db.models.functions import Now


class WorkerProcess(models.Model):
    """A worker process. It renews `seen_at` every few seconds, and deletes its row when it
    stops."""

    name = models.TextField(primary_key=True, help_text="Its host and process id")
    version = models.TextField()
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    running = models.JSONField(blank=True, db_default={}, help_text="Numbers of jobs by kind")

    class Meta:
        db_table = "worker_processes"
        verbose_name_plural = "worker processes"

    def __str__(self) -> str:
        return self.name


__all__ = ["WorkerProcess"]
