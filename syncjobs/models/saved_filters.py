"""Filters of the admin's lists, saved by people under a name."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class SavedFilter(models.Model):
    """A filter of one list. `query` is the part of the list's address after "?"."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    list_name = models.TextField(help_text="The name of the list's address, without admin:")
    by_id = models.UUIDField("user", help_text="Who saved it")
    by_name = models.TextField("by")
    name = models.TextField()
    query = models.TextField()
    is_shared = models.BooleanField("shared", db_default=False, help_text="Others see it, too")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "saved_filters"
        constraints = [
            models.UniqueConstraint(
                fields=["by_id", "list_name", "name"], name="saved_filters_name_once"
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(query=""), name="saved_filters_stated"
            ),
        ]
        indexes = [
            models.Index(
                fields=["list_name"], name="saved_filters_shared", condition=Q(is_shared=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


__all__ = ["SavedFilter"]
