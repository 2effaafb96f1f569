"""Stored answers to requests with an Idempotency-Key."""

from django.db import models
from django.db.models import Q

from graph.models.tenant_row import TenantRow


class RepeatedRequest(TenantRow):
    """A tenant's Idempotency-Key, the digest of its request, and the answer.

    It is written in the same transaction as the request's own changes.
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
