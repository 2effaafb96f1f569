"""The nine enrichment tables. Their columns in the view are declared in `graph.layers`."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from graph.models.choices import (
    CausalDirection,
    ChangeType,
    DuplicateStatus,
    Frequency,
    PredictionStatus,
)
from graph.models.tenant_row import (
    TenantRow,
    currency_known,
    in_unit_range,
    no_constraint_fk,
    one_of,
    score,
    tenant_key,
)


class Pattern(TenantRow):
    """A row that many relationships share. `key` identifies it within the tenant."""

    key = models.TextField(help_text="What the pattern is of, stable over recomputation")
    evidence = models.JSONField(blank=True, db_default={})

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.key


class Fact(TenantRow):
    """A row about one relationship. It is deleted with the relationship."""

    relationship = no_constraint_fk("graph.RelationshipInstance")
    evidence = models.JSONField(blank=True, db_default={})

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} of {self.relationship_id}"


def pattern_key(table: str) -> list[models.UniqueConstraint]:
    return [
        tenant_key(table),
        models.UniqueConstraint(fields=["user_id", "key"], name=f"{table}_key_key"),
    ]


class TemporalPattern(Pattern):
    """Layer 2: a series that recurs."""

    recurrence_score = score()
    recurrence_frequency = models.TextField(choices=Frequency)
    last_occurrence = models.DateField()
    next_predicted_occurrence = models.DateField(null=True, blank=True)
    interval_mean_days = models.FloatField(null=True, blank=True)
    interval_spread_days = models.FloatField(null=True, blank=True)
    occurrences = models.PositiveIntegerField(db_default=0)
    active = models.BooleanField(db_default=True, help_text="Not ended")

    class Meta:
        db_table = "temporal_patterns"
        constraints = [
            *pattern_key("temporal_patterns"),
            *in_unit_range("temporal_patterns", "recurrence_score"),
            one_of("temporal_patterns", "recurrence_frequency", Frequency),
        ]


class SeasonalPattern(Pattern):
    """Layer 3: months in which a flow is high."""

    seasonal_strength = score()
    seasonal_months = ArrayField(
        models.SmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(12)])
    )

    class Meta:
        db_table = "seasonal_patterns"
        constraints = [
            *pattern_key("seasonal_patterns"),
            *in_unit_range("seasonal_patterns", "seasonal_strength"),
            models.CheckConstraint(
                condition=Q(seasonal_months__contained_by=list(range(1, 13))),
                name="seasonal_patterns_months_1_12",
            ),
            models.CheckConstraint(
                condition=Q(seasonal_months__len__gte=1), name="seasonal_patterns_months_stated"
            ),
        ]


class RelationshipPattern(Pattern):
    """Layer 4: a template that many series follow, with a name for people."""

    pattern_name = models.TextField()
    pattern_confidence = score()

    class Meta:
        db_table = "relationship_patterns"
        constraints = [
            *pattern_key("relationship_patterns"),
            *in_unit_range("relationship_patterns", "pattern_confidence"),
            models.CheckConstraint(
                condition=~Q(pattern_name=""), name="relationship_patterns_named"
            ),
        ]


BRADFORD_HILL = (
    "temporal_precedence",
    "strength",
    "consistency",
    "specificity",
    "dose_response",
    "plausibility",
)


class CausalRelationship(Fact):
    """Layer 1: whether the source event causes the target event (criteria of A. Bradford Hill,
    1965)."""

    causal_score = score(null=True, blank=True, help_text="Mean of the criteria that are known")
    causal_direction = models.TextField(choices=CausalDirection)
    temporal_precedence = score(null=True, blank=True)
    strength = score(null=True, blank=True)
    consistency = score(null=True, blank=True)
    specificity = score(null=True, blank=True)
    dose_response = score(null=True, blank=True)
    plausibility = score(null=True, blank=True)

    class Meta:
        db_table = "causal_relationships"
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "relationship"], name="causal_relationships_one_each"
            ),
            *in_unit_range("causal_relationships", "causal_score", *BRADFORD_HILL),
            one_of("causal_relationships", "causal_direction", CausalDirection),
        ]


class CrossPlatformRelationship(Fact):
    """Layer 5: the sources that contain this relationship."""

    platform_sources = ArrayField(models.TextField())

    class Meta:
        db_table = "cross_platform_relationships"
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "relationship"], name="cross_platform_one_each"
            ),
            models.CheckConstraint(
                condition=Q(platform_sources__len__gte=1), name="cross_platform_sources_stated"
            ),
        ]


class PredictedRelationship(Fact):
    """Layer 6: the expected next payment of a series.

    It refers to the series' last relationship.
    """

    prediction_confidence = score()
    prediction_reason = models.TextField()
    expected_from = models.DateField(null=True, blank=True)
    expected_to = models.DateField(null=True, blank=True)
    amount_low = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    amount_high = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    currency = models.TextField(null=True, blank=True)  # noqa: DJ001
    status = models.TextField(choices=PredictionStatus, db_default=PredictionStatus.PENDING.value)
    books_until = models.DateField(
        null=True, blank=True, help_text="The last day of its source's books, when it was computed"
    )
    stale_from = models.DateField(
        null=True, blank=True, help_text="Two periods after its source's books ended"
    )
    fulfilled_by_event = no_constraint_fk("graph.RawEvent", null=True, blank=True)

    class Meta:
        db_table = "predicted_relationships"
        constraints = [
            *in_unit_range("predicted_relationships", "prediction_confidence"),
            one_of("predicted_relationships", "status", PredictionStatus),
            currency_known("predicted_relationships"),
            models.CheckConstraint(
                condition=Q(expected_from__isnull=True)
                | Q(expected_to__isnull=True)
                | Q(expected_from__lte=F("expected_to")),
                name="predicted_relationships_days_ordered",
            ),
            models.CheckConstraint(
                condition=Q(amount_low__isnull=True)
                | Q(amount_high__isnull=True)
                | Q(amount_low__lte=F("amount_high")),
                name="predicted_relationships_amounts_ordered",
            ),
            models.CheckConstraint(
                # NaN sorts above every number, so an upper limit excludes it.
                condition=(Q(amount_low__isnull=True) | Q(amount_low__lt=10**16))
                & (Q(amount_high__isnull=True) | Q(amount_high__lt=10**16)),
                name="predicted_relationships_amounts_finite",
            ),
            models.CheckConstraint(
                condition=Q(currency__isnull=False)
                | Q(amount_low__isnull=True, amount_high__isnull=True),
                name="predicted_relationships_amounts_have_currency",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "relationship"], name="predicted_relationships_of")
        ]


class RootCauseAnalysis(Fact):
    """Layer 7: the origin of an anomaly, in one sentence built from facts."""

    root_cause_analysis = models.TextField()
    confidence = score()
    chain = models.JSONField(blank=True, db_default=[])

    class Meta:
        db_table = "root_cause_analyses"
        verbose_name_plural = "root cause analyses"
        constraints = [*in_unit_range("root_cause_analyses", "confidence")]
        indexes = [models.Index(fields=["user_id", "relationship"], name="root_cause_analyses_of")]


class EventDeltaLog(TenantRow):
    """Layer 8: a change of a relationship. The row stays when the relationship is deleted, and has
    the relationship's key and its old values."""

    relationship = no_constraint_fk("graph.RelationshipInstance", null=True, blank=True)
    event_key = models.TextField(help_text="source and the row's own key in it")
    change_type = models.TextField(choices=ChangeType)
    changed_fields = ArrayField(models.TextField(), db_default=[])
    old_values = models.JSONField(blank=True, db_default={})
    new_values = models.JSONField(blank=True, db_default={})

    class Meta:
        db_table = "event_delta_logs"
        constraints = [one_of("event_delta_logs", "change_type", ChangeType)]
        indexes = [models.Index(fields=["user_id", "relationship"], name="event_delta_logs_of")]

    def __str__(self) -> str:
        return f"{self.change_type} {self.event_key}"


class DuplicateTransaction(Fact):
    """Layer 9: this relationship is probably a duplicate of the original one."""

    original_relationship = no_constraint_fk("graph.RelationshipInstance")
    duplicate_confidence = score()
    status = models.TextField(choices=DuplicateStatus, db_default=DuplicateStatus.OPEN.value)
    relationship_key = models.TextField(blank=True, db_default="")
    original_key = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "duplicate_transactions"
        constraints = [
            *in_unit_range("duplicate_transactions", "duplicate_confidence"),
            one_of("duplicate_transactions", "status", DuplicateStatus),
            models.CheckConstraint(
                condition=~Q(relationship=F("original_relationship")),
                name="duplicate_transactions_two_ends",
            ),
            models.UniqueConstraint(
                "user_id",
                Least("relationship", "original_relationship"),
                Greatest("relationship", "original_relationship"),
                name="duplicate_transactions_pair_key",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "relationship"], name="duplicate_transactions_of"),
            models.Index(
                fields=["user_id", "original_relationship"], name="duplicate_transactions_orig"
            ),
        ]
