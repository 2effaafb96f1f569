"""Periodic tasks and when they are due."""

from django.db import models


class Duty(models.Model):
    """A periodic task. After downtime a missed task runs once, not once per missed period.

    Only one worker runs it at a time: `lease_until` is in the future while it does.
    """

    name = models.TextField(primary_key=True)
    due_at = models.DateTimeField()
    worker = models.TextField(blank=True, db_default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    found = models.JSONField(null=True, blank=True, help_text="What the last one did")
    error = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "duties"
        verbose_name_plural = "duties"

    def __str__(self) -> str:
        return self.name


__all__ = ["Duty"]
