"""Which entities are the same party: suggestions by programs, and decisions by people."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from graph.models.choices import ResolutionDecision
from graph.models.tenant_row import TenantRow, in_unit_range, no_constraint_fk, one_of, score


class EntityResolution(TenantRow):
    """A pair of entities that are one party, may be one party, or are two.

    Programs write and withdraw the decisions `automatic` and `open`. A person's `merge` or `apart`
    stays and overrides them. The result is stored in the entities' `merged_into`.
    """

    kept = no_constraint_fk("graph.NormalizedEntity")
    merged = no_constraint_fk("graph.NormalizedEntity")
    confidence = score()
    reason = models.TextField()
    evidence = models.JSONField(blank=True, db_default={})
    decided = models.TextField(choices=ResolutionDecision)
    decided_by = models.TextField(blank=True, db_default="", help_text="Who, if a person did")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "entity_resolutions"
        constraints = [
            *in_unit_range("entity_resolutions", "confidence"),
            one_of("entity_resolutions", "decided", ResolutionDecision),
            models.CheckConstraint(
                condition=~Q(kept=F("merged")), name="entity_resolutions_two_entities"
            ),
            models.CheckConstraint(
                condition=Q(decided__in=["automatic", "open"], decided_at__isnull=True)
                | Q(decided__in=["merge", "apart"], decided_at__isnull=False),
                name="entity_resolutions_person_when",
            ),
            models.UniqueConstraint(
                "user_id",
                Least("kept", "merged"),
                Greatest("kept", "merged"),
                name="entity_resolutions_pair_key",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "decided", "id"], name="entity_resolutions_decided"),
            models.Index(fields=["user_id", "kept"], name="entity_resolutions_kept"),
            models.Index(fields=["user_id", "merged"], name="entity_resolutions_merged"),
        ]

    def __str__(self) -> str:
        return f"{self.decided} {self.kept_id} ← {self.merged_id}"
