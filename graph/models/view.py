"""The models of the view, of its part for one tenant, and of the record of its refreshes."""

from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now
from django_pgviews.view import ReadOnlyMaterializedView, ViewSQL

from graph import layers
from graph.models.view_sql import TENANT_VIEW, VIEW, materialized_sql


class Enriched(models.Model):
    """One row per relationship, with the columns of all nine layers.

    The layers' columns are added below, from `graph.layers`.
    """

    id = models.UUIDField(primary_key=True)
    user_id = models.UUIDField()
    relationship_type = models.TextField()
    edge_class = models.TextField()
    confidence_score = models.FloatField()
    detection_method = models.TextField()
    reason = models.TextField()
    source_event_id = models.UUIDField()
    target_event_id = models.UUIDField()
    source_entity_id = models.UUIDField(null=True)
    target_entity_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    currency = models.TextField(null=True)  # noqa: DJ001
    document_ref = models.TextField(null=True)  # noqa: DJ001
    transaction_ref = models.TextField()
    kind = models.TextField(null=True)  # noqa: DJ001
    payment_group_id = models.UUIDField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.relationship_type} {self.id}"


FIELDS: dict[layers.ColumnType, Any] = {
    "score": lambda: models.FloatField(null=True),
    "text": lambda: models.TextField(null=True),
    "texts": lambda: ArrayField(models.TextField(), null=True),
    "months": lambda: ArrayField(models.SmallIntegerField(), null=True),
    "date": lambda: models.DateField(null=True),
    "uuid": lambda: models.UUIDField(null=True),
    "money": lambda: models.DecimalField(max_digits=20, decimal_places=4, null=True),
    "flag": models.BooleanField,
}

for _layer in layers.LAYERS:
    FIELDS["uuid"]().contribute_to_class(Enriched, _layer.id_column)
    for _column in _layer.columns:
        FIELDS[_column.type]().contribute_to_class(Enriched, _column.name)


# Condition of an index that finds the few relationships with a rare layer without reading all rows.
_RARE = reduce(
    or_,
    (models.Q(**{f"{x.presence}__isnull": False}) for x in layers.LAYERS if x.rare),
)


class EnrichedRelationship(Enriched, ReadOnlyMaterializedView):
    """The rows of all tenants; only the owner's role may read them."""

    shared_key = models.BigIntegerField(help_text="of the columns in graph.models.view_sql.SHARED")

    concurrent_index = "id"

    class Meta:
        managed = False
        db_table = VIEW
        verbose_name = "enriched relationship"
        indexes = [
            models.Index(fields=["user_id", "occurred_at", "id"], name="view_enriched_tenant_date"),
            models.Index(fields=["user_id", "source_entity_id"], name="view_enriched_source"),
            models.Index(fields=["user_id", "target_entity_id"], name="view_enriched_target"),
            models.Index(
                fields=["user_id", "occurred_at", "id"], name="view_enriched_rare", condition=_RARE
            ),
        ]

    @classmethod
    def get_sql(cls) -> ViewSQL:
        return ViewSQL(materialized_sql(), None)


def index_statements(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the SQL statements that create the view's indexes, without semicolons; the unique one
    is not among them."""
    with connection.schema_editor(collect_sql=True) as editor:
        for index in EnrichedRelationship._meta.indexes:
            editor.add_index(EnrichedRelationship, index)
        return [statement.rstrip(";") for statement in editor.collected_sql]


class TenantRelationship(Enriched):
    """The rows of the transaction's tenant only, even if the query has no filter."""

    class Meta:
        managed = False
        db_table = TENANT_VIEW


class ViewRefresh(models.Model):
    """One refresh of the view: its time, duration and snapshot."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_default=Now())
    seconds = models.FloatField()
    rows = models.BigIntegerField()
    added = models.BigIntegerField()
    changed = models.BigIntegerField()
    removed = models.BigIntegerField()
    size_bytes = models.BigIntegerField()
    concurrently = models.BooleanField()
    snapshot = models.TextField(help_text="pg_current_snapshot() of the refreshing transaction")
    cluster = models.BigIntegerField(
        null=True,
        editable=False,
        help_text="system_identifier of the server: a snapshot of another says nothing",
    )

    class Meta:
        db_table = "view_refreshes"
        verbose_name_plural = "view refreshes"
        get_latest_by = "id"

    def __str__(self) -> str:
        return f"refresh of {self.finished_at:%Y-%m-%d %H:%M:%S} UTC"
