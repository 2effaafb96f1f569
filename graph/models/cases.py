"""Cases of possible double payments, and what people have decided about them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from graph.models.choices import CaseAction, CaseRole, CaseState
from graph.models.tenant_row import (
    TenantRow,
    currency_known,
    in_unit_range,
    no_constraint_fk,
    one_of,
    score,
    tenant_key,
)


class PaymentCase(TenantRow):
    """A case: all pairs of `duplicate_transactions` that concern one possible double payment.

    Programs write the columns from `kind` to `row_keys`, and people decide the rest. `row_keys` are
    the keys of the case's rows in their sources. They find the case again after the rows were
    imported again or the duplicates were computed again.
    """

    kind = models.TextField(help_text="Of its strongest pair, e.g. paid_twice")
    reason = models.TextField(help_text="The strongest reason, in words")
    confidence = score(help_text="Of its strongest pair")
    party = models.TextField(help_text="The party's name, as entities are resolved")
    amount_at_risk = models.DecimalField(
        max_digits=20, decimal_places=4, help_text="What was paid or entered too often, once"
    )
    currency = models.TextField()
    extra_payments = models.PositiveIntegerField(help_text="Rows beyond the original, once")
    first_day = models.DateField()
    last_day = models.DateField()
    evidence = models.JSONField(blank=True, db_default={}, help_text="Reasons for and against")
    row_keys = ArrayField(models.TextField(), help_text="The sources' own keys of its rows")
    found = models.BooleanField(db_default=True, help_text="False: only a decision is left of it")

    state = models.TextField(choices=CaseState, db_default=CaseState.OPEN.value)
    owner = models.TextField(blank=True, db_default="", help_text="Who looks after it")
    note = models.TextField(blank=True, db_default="")
    amount_recovered = models.DecimalField(max_digits=20, decimal_places=4, db_default=0)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "payment_cases"
        constraints = [
            tenant_key("payment_cases"),
            *in_unit_range("payment_cases", "confidence"),
            one_of("payment_cases", "state", CaseState),
            currency_known("payment_cases"),
            models.CheckConstraint(
                condition=Q(amount_at_risk__gte=0, amount_at_risk__lt=10**16),
                name="payment_cases_at_risk",
            ),
            models.CheckConstraint(
                condition=Q(amount_recovered__gte=0, amount_recovered__lt=10**16),
                name="payment_cases_recovered",
            ),
            models.CheckConstraint(
                condition=Q(row_keys__len__gte=1), name="payment_cases_keys_stated"
            ),
        ]
        indexes = [models.Index(fields=["user_id", "state", "id"], name="payment_cases_state")]

    def __str__(self) -> str:
        return f"{self.state} case of {self.amount_at_risk} {self.currency}"


class PaymentCaseRow(TenantRow):
    """A relationship of a case: the original payment, a possible repetition, or another sighting of
    one of these."""

    case = no_constraint_fk("graph.PaymentCase")
    relationship = no_constraint_fk("graph.RelationshipInstance")
    role = models.TextField(choices=CaseRole)

    class Meta:
        db_table = "payment_case_rows"
        constraints = [
            one_of("payment_case_rows", "role", CaseRole),
            models.UniqueConstraint(
                fields=["user_id", "case", "relationship"], name="payment_case_rows_key"
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "relationship"], name="payment_case_rows_of"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.relationship_id}"


class PaymentCaseEntry(TenantRow):
    """One entry of a case's history."""

    case = no_constraint_fk("graph.PaymentCase")
    action = models.TextField(choices=CaseAction)
    by = models.TextField(help_text="Who, or the program")
    state = models.TextField(choices=CaseState, help_text="Of the case afterwards")
    owner = models.TextField(blank=True, db_default="")
    note = models.TextField(blank=True, db_default="")
    amount_recovered = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)

    class Meta:
        db_table = "payment_case_entries"
        verbose_name_plural = "payment case entries"
        constraints = [
            one_of("payment_case_entries", "action", CaseAction),
            one_of("payment_case_entries", "state", CaseState),
        ]
        indexes = [
            models.Index(fields=["user_id", "case", "created_at"], name="payment_case_entries_of")
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.by}"
