"""Columns and constraints that all tenant tables share."""

from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class TenantRow(models.Model):
    """A row of one tenant. `(user_id, id)` is unique, so composite foreign keys can refer to it."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    user_id = models.UUIDField("tenant")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


def tenant_key(table: str) -> models.UniqueConstraint:
    """Return the unique constraint on `(user_id, id)`, to which composite foreign keys refer."""
    return models.UniqueConstraint(fields=["user_id", "id"], name=f"{table}_tenant_key")


def score(**options: Any) -> Any:
    """Return a field for a number in 0..1. Add `in_unit_range` to the table's constraints as
    well."""
    return models.FloatField(**options)


def in_unit_range(table: str, *fields: str) -> list[models.CheckConstraint]:
    """Return one constraint per field: its value is NULL or within 0..1.

    NaN is rejected, because PostgreSQL sorts it above 1.
    """
    return [
        models.CheckConstraint(
            condition=Q(**{f"{field}__isnull": True})
            | Q(**{f"{field}__gte": 0, f"{field}__lte": 1}),
            name=f"{table}_{field}_0_1",
        )
        for field in fields
    ]


def one_of(table: str, field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """Return a constraint: the field's value is one of the choices."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__in": choices.values}), name=f"{table}_{field}_known"
    )


def currency_known(table: str, field: str = "currency") -> models.CheckConstraint:
    """Return a constraint: the field is NULL or three capital letters (ISO 4217)."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__regex": r"^[A-Z]{3}$"}),
        name=f"{table}_{field}_iso",
    )


def no_constraint_fk(to: str, related_name: str = "+", **options: Any) -> Any:
    """Return a foreign key without a constraint of its own; migrations create the composite one.

    `FOREIGN KEY (user_id, x_id) REFERENCES … (user_id, id)` keeps tenants apart. Django cannot
    declare it, so migrations create it in SQL, with its ON DELETE and its index.
    """
    options.setdefault("on_delete", models.DO_NOTHING)
    return models.ForeignKey(
        to, db_constraint=False, db_index=False, related_name=related_name, **options
    )
