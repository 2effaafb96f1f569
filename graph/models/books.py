"""The books: events, the entities they name, and the relationships between them."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from graph.models.choices import EdgeClass, EntityKind, EventKind, Precision, Records
from graph.models.tenant_row import (
    TenantRow,
    currency_known,
    in_unit_range,
    no_constraint_fk,
    one_of,
    score,
    tenant_key,
)


class RawEvent(TenantRow):
    """One posting, message or file, as one source states it."""

    kind = models.TextField(choices=EventKind, db_default=EventKind.POSTING.value)
    source = models.TextField(help_text="The books it came from, e.g. calderdale.ledger")
    platform = models.TextField(help_text="Which system saw it: ledger, card, bank, gmail, …")
    external_id = models.TextField(help_text="The row's own key in its source")
    posting = models.SmallIntegerField(db_default=1, help_text="1 pays, 2 receives")
    transaction_ref = models.TextField(help_text="Ties the postings of one transaction")
    occurred_at = models.DateTimeField()
    precision = models.TextField(
        choices=Precision,
        db_default=Precision.DAY.value,
        help_text="How exactly occurred_at is known",
    )
    amount = models.DecimalField(
        max_digits=20, decimal_places=4, null=True, blank=True, help_text="On the party's account"
    )
    currency = models.TextField(null=True, blank=True)  # noqa: DJ001
    records = models.TextField(  # noqa: DJ001
        choices=Records,
        null=True,
        blank=True,
        help_text="What the row records; a posting that does not state it counts as a payment",
    )
    balance = models.DecimalField(
        max_digits=20,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="Of the account after this row, as its statement states it",
    )
    document_ref = models.TextField(null=True, blank=True)  # noqa: DJ001
    due_on = models.DateField(null=True, blank=True)
    party_kind = models.TextField(blank=True, db_default="")
    party_name = models.TextField(blank=True, db_default="")
    party_keys = models.JSONField(blank=True, db_default={})
    description = models.TextField(blank=True, db_default="")
    data = models.JSONField(blank=True, db_default={}, help_text="The row as its source states it")
    provenance = models.JSONField(
        blank=True, db_default=[], help_text="Where it was read: file, publication, line"
    )
    content_hash = models.TextField(blank=True, db_default="")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "raw_events"
        constraints = [
            tenant_key("raw_events"),
            models.UniqueConstraint(
                fields=["user_id", "source", "external_id", "posting"], name="raw_events_source_key"
            ),
            one_of("raw_events", "kind", EventKind),
            one_of("raw_events", "precision", Precision),
            one_of("raw_events", "records", Records),
            currency_known("raw_events"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(currency__isnull=False),
                name="raw_events_amount_has_currency",
            ),
            models.CheckConstraint(
                # NaN sorts above every number, so an upper limit excludes it.
                condition=Q(amount__isnull=True) | Q(amount__lt=10**16),
                name="raw_events_amount_finite",
            ),
            models.CheckConstraint(
                condition=Q(balance__isnull=True) | Q(balance__lt=10**16),
                name="raw_events_balance_finite",
            ),
            models.CheckConstraint(
                condition=~Q(external_id="") & ~Q(source=""), name="raw_events_key_stated"
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "transaction_ref"], name="raw_events_transaction"),
            models.Index(
                fields=["user_id", "document_ref"],
                name="raw_events_document",
                condition=Q(document_ref__isnull=False),
            ),
            models.Index(
                fields=["user_id", "source", "occurred_at"],
                name="raw_events_balance",
                condition=Q(balance__isnull=False),
            ),
            models.Index(
                fields=["user_id", "source", "occurred_at"],
                name="raw_events_reach",
                condition=Q(kind="posting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}/{self.posting}"


class NormalizedEntity(TenantRow):
    """One party: a vendor, department, account, employee, customer, project or clearing account."""

    kind = models.TextField(choices=EntityKind)
    name = models.TextField()
    identity = models.TextField(help_text="What makes it this party: its name, its strong keys")
    keys = models.JSONField(blank=True, db_default={}, help_text="Strong keys, by kind of key")
    merged_into = no_constraint_fk(
        "graph.NormalizedEntity",
        null=True,
        blank=True,
        editable=False,
        help_text="The entity that stands for it: both are one party",
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "normalized_entities"
        verbose_name_plural = "normalized entities"
        constraints = [
            tenant_key("normalized_entities"),
            models.UniqueConstraint(
                fields=["user_id", "kind", "identity"], name="normalized_entities_identity_key"
            ),
            one_of("normalized_entities", "kind", EntityKind),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(identity=""), name="normalized_entities_named"
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="normalized_entities_not_into_itself",
            ),
        ]
        indexes = [
            GinIndex(OpClass(F("name"), name="gin_trgm_ops"), name="normalized_entities_name_trgm"),
            models.Index(
                fields=["user_id", "merged_into"],
                name="normalized_entities_merged",
                condition=Q(merged_into__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EntityMatch(TenantRow):
    """States which entity an event names. An event's best match counts: by highest confidence, then
    newest, then id."""

    event = no_constraint_fk("graph.RawEvent")
    entity = no_constraint_fk("graph.NormalizedEntity")
    confidence = score()
    reason = models.TextField(blank=True, db_default="")
    original_entity = no_constraint_fk(
        "graph.NormalizedEntity",
        null=True,
        blank=True,
        editable=False,
        help_text="Which it named before that was merged; confidence and reason were then these",
    )
    original_confidence = score(null=True, blank=True, editable=False)
    original_reason = models.TextField(blank=True, db_default="", editable=False)

    class Meta:
        db_table = "entity_matches"
        verbose_name_plural = "entity matches"
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "event", "entity", "original_entity"],
                name="entity_matches_event_entity_key",
                nulls_distinct=False,
            ),
            *in_unit_range("entity_matches", "confidence", "original_confidence"),
        ]
        indexes = [
            models.Index(fields=["user_id", "entity"], name="entity_matches_entity"),
            models.Index(
                fields=["user_id", "original_entity"],
                name="entity_matches_original",
                condition=Q(original_entity__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.entity_id}"


class RelationshipInstance(TenantRow):
    """A directed connection of a source event to a target event."""

    source_event = no_constraint_fk("graph.RawEvent")
    target_event = no_constraint_fk("graph.RawEvent")
    relationship_type = models.TextField()
    edge_class = models.TextField(choices=EdgeClass)
    confidence_score = score()
    detection_method = models.TextField()
    reason = models.TextField(blank=True, db_default="")
    temporal_pattern = no_constraint_fk("graph.TemporalPattern", null=True, blank=True)
    seasonal_pattern = no_constraint_fk("graph.SeasonalPattern", null=True, blank=True)
    pattern = no_constraint_fk("graph.RelationshipPattern", null=True, blank=True)
    canonical = no_constraint_fk(
        "graph.RelationshipInstance",
        null=True,
        blank=True,
        editable=False,
        help_text="Another view of the same payment, which counts in its place",
    )
    allocated = models.DecimalField(
        max_digits=20,
        decimal_places=4,
        null=True,
        blank=True,
        editable=False,
        help_text="Of a settles link: how much of the invoice the payment settles",
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="Soft deletion")

    class Meta:
        db_table = "relationship_instances"
        constraints = [
            tenant_key("relationship_instances"),
            models.UniqueConstraint(
                fields=["user_id", "source_event", "target_event", "relationship_type"],
                name="relationship_instances_ends_key",
            ),
            one_of("relationship_instances", "edge_class", EdgeClass),
            *in_unit_range("relationship_instances", "confidence_score"),
            models.CheckConstraint(
                condition=~Q(relationship_type=""), name="relationship_instances_type_stated"
            ),
            models.CheckConstraint(
                condition=Q(allocated__isnull=True) | Q(allocated__gte=0, allocated__lt=10**16),
                name="relationship_instances_allocated_finite",
            ),
            models.CheckConstraint(
                condition=Q(canonical__isnull=True) | ~Q(canonical=F("id")),
                name="relationship_instances_not_its_own_canonical",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "target_event"], name="relationship_instances_target"),
            *(
                models.Index(
                    fields=["user_id", pointer],
                    name=f"relationship_{pointer}",
                    condition=Q(**{f"{pointer}__isnull": False}),
                )
                for pointer in ("temporal_pattern", "seasonal_pattern", "pattern", "canonical")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.relationship_type} {self.id}"


__all__ = ["EntityMatch", "NormalizedEntity", "RawEvent", "RelationshipInstance"]
