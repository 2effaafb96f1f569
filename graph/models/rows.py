"""What every table of a tenant has in common."""

from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class TenantRow(models.Model):
    """A row of one tenant: `(user_id, id)` is unique, so that composite keys can point at it."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    user_id = models.UUIDField("tenant")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


def tenant_key(table: str) -> models.UniqueConstraint:
    """The unique `(user_id, id)` that other tables' composite foreign keys refer to."""
    return models.UniqueConstraint(fields=["user_id", "id"], name=f"{table}_tenant_key")


def score(**options: Any) -> Any:
    """A number in 0..1; pair it with `in_unit_range` in the table's constraints."""
    return models.FloatField(**options)


def in_unit_range(table: str, *fields: str) -> list[models.CheckConstraint]:
    """Each field is NULL or within 0..1. NaN is refused too: PostgreSQL sorts it above 1."""
    return [
        models.CheckConstraint(
            condition=Q(**{f"{field}__isnull": True})
            | Q(**{f"{field}__gte": 0, f"{field}__lte": 1}),
            name=f"{table}_{field}_0_1",
        )
        for field in fields
    ]


def one_of(table: str, field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """The field holds one of the choices."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__in": choices.values}), name=f"{table}_{field}_known"
    )


def currency_known(table: str, field: str = "currency") -> models.CheckConstraint:
    """An ISO 4217 code: three capital letters."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__regex": r"^[A-Z]{3}$"}),
        name=f"{table}_{field}_iso",
    )


def no_constraint_fk(to: str, related_name: str = "+", **options: Any) -> Any:
    """A foreign key whose constraint is the composite one of the migrations.

    Tenants are kept apart by `FOREIGN KEY (user_id, x_id) REFERENCES … (user_id, id)`, which
    Django cannot state; it is written in SQL, and so are its ON DELETE and its index.
    """
    options.setdefault("on_delete", models.DO_NOTHING)
    return models.ForeignKey(
        to, db_constraint=False, db_index=False, related_name=related_name, **options
    )
