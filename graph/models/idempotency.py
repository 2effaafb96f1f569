"""Requests that may be sent again: what the first of them was answered."""

from django.db import models
from django.db.models import Q

from graph.models.rows import TenantRow


class RepeatedRequest(TenantRow):
    """An Idempotency-Key of the tenant's, the request that it came with, and its answer.

    It is written in the transaction of what the request did: either both stand, or neither.
    """

    key = models.TextField()
    digest = models.TextField(help_text="Of the request's path and body")
    status = models.PositiveSmallIntegerField()
    answer = models.TextField(blank=True, help_text="JSON; empty where there is none")
    location = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "repeated_requests"
        constraints = [
            models.UniqueConstraint(fields=["user_id", "key"], name="repeated_requests_key_key"),
            models.CheckConstraint(
                condition=Q(status__gte=200, status__lt=300), name="repeated_requests_succeeded"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="repeated_requests_age")]

    def __str__(self) -> str:
        return f"{self.status} {self.id}"
