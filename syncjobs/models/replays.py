"""Bulk replays: which failures each one replays, in which order, and with which result."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from graph.models.tenant_row import one_of
from syncjobs.models.choices import ReplayState


class ReplayBatch(models.Model):
    """A person's request to replay many failures. It ends when none of its items waits or runs."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    by_id = models.UUIDField("user", null=True, blank=True)
    by_name = models.TextField("by", blank=True, db_default="")
    per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: at once")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    stopped_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "replay_batches"
        verbose_name = "bulk replay"
        indexes = [
            models.Index(fields=["-created_at"], name="replay_batches_newest"),
            models.Index(
                fields=["created_at"],
                name="replay_batches_active",
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"bulk replay of {self.created_at:%Y-%m-%d %H:%M:%S}"


class ReplayItem(models.Model):
    """One failure of a bulk replay. `position` is the order in which the failures happened."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    batch = models.ForeignKey(ReplayBatch, models.DB_CASCADE, related_name="items", db_index=False)
    failure = models.ForeignKey(
        "syncjobs.JobFailure", models.DB_CASCADE, related_name="replay_items"
    )
    position = models.PositiveIntegerField()
    state = models.TextField(choices=ReplayState, db_default=ReplayState.WAITING.value)
    replayed_as = models.UUIDField(null=True, blank=True, help_text="Its run, or its message")
    reason = models.TextField(blank=True, db_default="", help_text="Why it was skipped")
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "replay_items"
        constraints = [
            one_of("replay_items", "state", ReplayState),
            models.UniqueConstraint(fields=["batch", "position"], name="replay_items_order"),
            models.UniqueConstraint(fields=["batch", "failure"], name="replay_items_once"),
        ]
        indexes = [
            models.Index(
                fields=["batch", "state", "position"],
                name="replay_items_unsettled",
                condition=Q(state__in=["waiting", "started"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.state}"


__all__ = ["ReplayBatch", "ReplayItem"]
