"""Admin pages for findings that a person judges: possible duplicates and missed recurrences."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, Func, JSONField, QuerySet, Value
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from graph.admin.open_rows_filter import open_first
from graph.admin.paginator import ReadOnly
from graph.admin.readonly_fields import TENANT, as_json, as_link
from graph.models import DuplicateTransaction, PredictedRelationship, RelationshipInstance
from graph.models.choices import DuplicateStatus, PredictionStatus

ROWS = ("key", "day", "amount", "number")  # keys of a row in a duplicate's evidence


class Findings(ReadOnly):
    """The base of admin pages of findings that programs write and a person judges.

    People cannot edit the rows. Each judgement is recorded in the admin's history.
    """

    list_fullwidth = True
    search_help_text = "Its id, a relationship's, or its tenant's id or e-mail address."

    def has_judge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"graph.change_{self.opts.model_name}")

    def judged(
        self, request: HttpRequest, queryset: QuerySet[Any], word: str, **values: Any
    ) -> None:
        rows = list(queryset)
        for row in rows:
            self.log_change(request, row, word)
        queryset.model._default_manager.using(queryset.db).filter(
            pk__in=[row.pk for row in rows]
        ).update(**values)
        level = messages.SUCCESS if rows else messages.WARNING
        messages.add_message(request, level, f"{len(rows):,} {word}.")


@admin.register(DuplicateTransaction)
class DuplicateTransactionAdmin(Findings):
    """The admin page of possible duplicates.

    It lists open pairs first by confidence, and shows a pair's two rows side by side with the
    reason.
    """

    list_display = ("party", "later", "original", "why", "duplicate_confidence", "status")
    list_filter = (open_first("status", DuplicateStatus, DuplicateStatus.OPEN),)
    list_select_related = ("relationship__target_event",)
    raw_id_fields = ("relationship", "original_relationship")
    ordering = ("-duplicate_confidence", "id")
    actions = ("confirm", "dismiss", "reopen")
    references = {"relationship_id": TENANT, "original_relationship_id": TENANT}
    fields = readonly_fields = (
        "party",
        "side_by_side",
        "why",
        "duplicate_confidence",
        "status",
        as_link("relationship_id", RelationshipInstance),
        as_link("original_relationship_id", RelationshipInstance),
        as_json("evidence"),
        "user_id",
    )

    @admin.display(description="party")
    def party(self, row: DuplicateTransaction) -> str:
        return row.relationship.target_event.party_name or "-"

    @admin.display(description="paid again")
    def later(self, row: DuplicateTransaction) -> str:
        return _evidence_row(row, 0)

    @admin.display(description="original")
    def original(self, row: DuplicateTransaction) -> str:
        return _evidence_row(row, 1)

    @admin.display(description="why")
    def why(self, row: DuplicateTransaction) -> str:
        return str(row.evidence.get("why", "-"))

    @admin.display(description="side by side")
    def side_by_side(self, row: DuplicateTransaction) -> str:
        rows = row.evidence.get("rows", [])
        lines = [(name, *(evidence_row.get(name, "-") for evidence_row in rows)) for name in ROWS]
        return format_html(
            "<table><tbody>{}</tbody></table>",
            format_html_join(
                "", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", [x for x in lines if len(x) == 3]
            ),
        )

    @admin.action(permissions=["judge"], description="Confirm: it was paid twice")
    def confirm(self, request: HttpRequest, queryset: QuerySet[DuplicateTransaction]) -> None:
        self.judged(request, queryset, "confirmed", status=DuplicateStatus.CONFIRMED)

    @admin.action(permissions=["judge"], description="Dismiss: they are two payments")
    def dismiss(self, request: HttpRequest, queryset: QuerySet[DuplicateTransaction]) -> None:
        self.judged(request, queryset, "dismissed", status=DuplicateStatus.DISMISSED)

    @admin.action(permissions=["judge"], description="Reopen")
    def reopen(self, request: HttpRequest, queryset: QuerySet[DuplicateTransaction]) -> None:
        self.judged(request, queryset, "reopened", status=DuplicateStatus.OPEN)


def _evidence_row(row: DuplicateTransaction, at: int) -> str:
    rows = row.evidence.get("rows", [])
    if len(rows) <= at:
        return "-"
    return f"{rows[at]['amount']} on {rows[at]['day']} ({rows[at]['key']})"


@admin.register(PredictedRelationship)
class PredictedRelationshipAdmin(Findings):
    """The admin page of predictions.

    It first lists the overdue ones: expected payments that have not come.
    """

    list_display = (
        "party",
        "expected_from",
        "expected_to",
        "amount_low",
        "amount_high",
        "currency",
        "prediction_reason",
        "prediction_confidence",
        "status",
    )
    list_filter = (open_first("status", PredictionStatus, PredictionStatus.OVERDUE),)
    list_select_related = ("relationship__target_event",)
    raw_id_fields = ("relationship", "fulfilled_by_event")
    ordering = ("expected_to", "id")
    actions = ("dismiss", "expect_again")
    references = {"relationship_id": TENANT}
    fields = readonly_fields = (
        *list_display,
        as_link("relationship_id", RelationshipInstance),
        as_json("evidence"),
        "user_id",
    )

    @admin.display(description="party")
    def party(self, row: PredictedRelationship) -> str:
        return row.relationship.target_event.party_name or "-"

    @admin.action(permissions=["judge"], description="Give up: it will not come")
    def dismiss(self, request: HttpRequest, queryset: QuerySet[PredictedRelationship]) -> None:
        by = {"cancelled_by": request.user.get_username()}
        self.judged(
            request,
            queryset.filter(status__in=[PredictionStatus.OVERDUE, PredictionStatus.PENDING]),
            "dismissed",
            status=PredictionStatus.CANCELLED,
            evidence=Func(
                F("evidence"), Value(by, JSONField()), template="%(expressions)s", arg_joiner=" || "
            ),
        )

    @admin.action(permissions=["judge"], description="Expect it again")
    def expect_again(self, request: HttpRequest, queryset: QuerySet[PredictedRelationship]) -> None:
        """Set the prediction to overdue; the next enrichment may update it."""
        dismissed = queryset.filter(
            status=PredictionStatus.CANCELLED, evidence__has_key="cancelled_by"
        )
        self.judged(
            request,
            dismissed,
            "expected again",
            status=PredictionStatus.OVERDUE,
            evidence=Func(
                F("evidence"),
                Value("cancelled_by"),
                template="%(expressions)s::text",
                arg_joiner=" - ",
                output_field=JSONField(),
            ),
        )
