"""Admin pages of the graph's tables, readable at a million rows each."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Field, JSONField, Q, QuerySet, TextField
from django.db.models.functions import Now
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from graph import layers, models
from graph.admin.paginator import HugeTable, ReadOnly, containing, ids_with
from graph.admin.readonly_fields import TENANT, as_json, as_link
from graph.models.layer_models import model_of
from graph.models.tenant_row import TenantRow
from graph.view import refresh

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm

POINTERS = tuple(layer.pointer for layer in layers.LAYERS if layer.is_pattern)
PROSE = frozenset({"description", "reason", "prediction_reason", "root_cause_analysis"})


class TenantForm(ModelForm):
    """An admin form that refuses a reference to another tenant's row, as the database does, and
    does not let the tenant of an existing row be changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "user_id" in self.fields and not self.instance._state.adding:
            self.fields["user_id"].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        tenant = cleaned.get("user_id", self.instance.user_id)
        for name, row in list(cleaned.items()):
            if isinstance(row, TenantRow) and row.user_id != tenant:
                self.add_error(name, "This row belongs to another tenant.")
        return cleaned


class TenantTable(HugeTable):
    """An admin table of tenants' rows. JSON is read-only, and a row's tenant cannot change."""

    form = TenantForm

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self._json_columns()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        if obj is None:
            return ()
        readonly = [f.name for f in self.opts.fields if not f.editable]
        return (*map(as_json, self._json_columns()), *readonly)

    def _json_columns(self) -> list[str]:
        return [field.name for field in self.opts.fields if isinstance(field, JSONField)]

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if isinstance(db_field, TextField) and not db_field.choices:
            kwargs.setdefault("widget", _text_widget(db_field.name))
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, TextField):
            field.empty_value = None if db_field.null else ""
        if db_field.has_db_default() and field is not None:
            field.initial = db_field.db_default
            field.required = field.required and field.initial != []
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and hasattr(obj, "updated_at"):
            obj.updated_at = Now()
        super().save_model(request, obj, form, change)


def _text_widget(name: str) -> Any:
    if name in PROSE:
        return UnfoldAdminTextareaWidget()
    return UnfoldAdminTextInputWidget()


@admin.register(models.RawEvent)
class RawEventAdmin(TenantTable):
    list_display = (
        "external_id",
        "posting",
        "source",
        "occurred_at",
        "party_name",
        "amount",
        "currency",
        "document_ref",
        "kind",
        "records",
        "user_id",
    )
    list_filter = ("kind", "records", "precision")
    ordering = ("user_id", "source", "external_id", "posting")
    search_help_text = (
        "The exact key in its source, transaction or document; an id; "
        "a tenant's id or e-mail address, alone or before one of these."
    )

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        columns = {"external_id": ("user_id", "source"), "transaction_ref": TENANT}
        ids = ids_with(self.model, {**columns, "document_ref": TENANT}, text)
        return queryset.filter(pk__in=ids)


@admin.register(models.NormalizedEntity)
class NormalizedEntityAdmin(TenantTable):
    list_display = ("name", "kind", "identity", "merged_into", "created_at", "user_id")
    list_select_related = ("merged_into",)
    raw_id_fields = ("merged_into",)
    list_filter = ("kind",)
    ordering = ("user_id", "kind", "identity")
    search_help_text = (
        "Part of its name (its beginning, if shorter than three letters; 1,000 are found at most); "
        "an id; a tenant's id or e-mail address, alone or before a name."
    )

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        return containing(queryset, "name", text)


@admin.register(models.EntityMatch)
class EntityMatchAdmin(TenantTable):
    list_display = ("id", "event", "entity", "confidence", "reason", "user_id")
    list_select_related = ("event", "entity")
    ordering = ("user_id", "event_id", "entity_id")
    raw_id_fields = ("event", "original_entity")
    autocomplete_fields = ("entity",)
    references = {"event_id": TENANT, "entity_id": TENANT}
    search_help_text = "The id of a match, event, entity or tenant, or a tenant's e-mail address."

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the match. If a person changed it, forget which entity it had before a merge.

        Otherwise undoing the merge would overwrite the person's change.
        """
        if form.changed_data:
            obj.original_entity = obj.original_confidence = None
            obj.original_reason = ""
        super().save_model(request, obj, form, change)


@admin.register(models.RelationshipInstance)
class RelationshipInstanceAdmin(TenantTable):
    list_display = (
        "id",
        "relationship_type",
        "edge_class",
        "source_event",
        "target_event",
        "confidence_score",
        "detection_method",
        "deleted_at",
        "user_id",
    )
    list_filter = ("edge_class",)
    list_select_related = ("source_event", "target_event")
    ordering = ("user_id", "source_event_id", "target_event_id", "relationship_type")
    raw_id_fields = ("source_event", "target_event", "canonical")
    autocomplete_fields = tuple(pointer.removesuffix("_id") for pointer in POINTERS)
    references = dict.fromkeys(
        ("source_event_id", "target_event_id", "canonical_id", *POINTERS), TENANT
    )
    search_help_text = (
        "The id of a relationship, event, pattern or tenant, or a tenant's e-mail address."
    )


class PatternTable(TenantTable):
    ordering = ("user_id", "key")
    search_help_text = "Its exact key, its id, or its tenant's id or e-mail address."

    def named(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        return queryset.filter(pk__in=ids_with(self.model, {"key": TENANT}, text))


@admin.register(models.TemporalPattern)
class TemporalPatternAdmin(PatternTable):
    list_display = (
        "key",
        "recurrence_frequency",
        "recurrence_score",
        "last_occurrence",
        "next_predicted_occurrence",
        "active",
        "user_id",
    )
    list_filter = ("recurrence_frequency", "active")


class FactTable(TenantTable):
    list_select_related: ClassVar[tuple[str, ...]] = ("relationship",)
    ordering: ClassVar[tuple[str, ...]] = ("user_id", "relationship_id", "id")
    raw_id_fields: ClassVar[tuple[str, ...]] = ("relationship",)
    references = {"relationship_id": TENANT}
    search_help_text = "Its id, a relationship's, or its tenant's id or e-mail address."


@admin.register(models.RootCauseAnalysis)
class RootCauseAnalysisAdmin(FactTable):
    list_display = ("id", "relationship", "root_cause_analysis", "confidence", "user_id")


@admin.register(models.EventDeltaLog)
class EventDeltaLogAdmin(ReadOnly, FactTable):
    """The admin page of the log of changes (layer 8), which only programs write."""

    list_display = (
        "event_key",
        "change_type",
        "changed_fields",
        "relationship",
        "created_at",
        "user_id",
    )
    list_filter = ("change_type",)


def _layer_fields(layer: layers.Layer) -> tuple[Any, ...]:
    return (*(column.name for column in layer.columns), as_link(layer.id_column, model_of(layer)))


LAYER_FIELDS: dict[str, tuple[Any, ...]] = {
    layer.name: _layer_fields(layer) for layer in layers.LAYERS
}


@admin.register(models.EnrichedRelationship)
class EnrichedRelationshipAdmin(ReadOnly):
    """The admin page of the view's rows as of its last refresh."""

    list_display = (
        "id",
        "relationship_type",
        "edge_class",
        "occurred_at",
        "amount",
        "currency",
        "document_ref",
        "is_duplicate",
        "user_id",
    )
    ordering = ("-user_id", "-occurred_at", "-id")
    references = {"source_entity_id": TENANT, "target_entity_id": TENANT}
    search_help_text = "The id of a relationship, entity or tenant, or a tenant's e-mail address."
    readonly_fields = (
        as_link("id", models.RelationshipInstance),
        as_link("source_event_id", models.RawEvent),
        as_link("target_event_id", models.RawEvent),
        as_link("source_entity_id", models.NormalizedEntity),
        as_link("target_entity_id", models.NormalizedEntity),
        *(field for fields in LAYER_FIELDS.values() for field in fields),
    )
    fieldsets: ClassVar[Any] = (
        (
            None,
            {
                "fields": (
                    *readonly_fields[:5],
                    "user_id",
                    "relationship_type",
                    "edge_class",
                    "confidence_score",
                    "detection_method",
                    "reason",
                    "occurred_at",
                    "amount",
                    "currency",
                    "document_ref",
                    "transaction_ref",
                )
            },
        ),
        *((name.replace("_", "-"), {"fields": fields}) for name, fields in LAYER_FIELDS.items()),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if refresh.state() is refresh.State.READY:
            return rows
        messages.warning(
            request, f"The view is empty: it was never refreshed. {refresh.HINT_STALE}"
        )
        return rows.none()


@admin.register(models.Enrichment)
class EnrichmentAdmin(ReadOnly):
    """The admin page of tenants whose layers are older than their books."""

    list_display = ("user_id", "wanted_at", "done_for", "finished_at")
    ordering = ("-wanted_at", "id")
    search_help_text = "Its id, or its tenant's id or e-mail address."


@admin.register(models.TenantPreference)
class TenantPreferenceAdmin(TenantTable):
    """The admin page of tenants' settings, such as the time zone that determines the current
    day."""

    list_display = ("user_id", "time_zone")
    ordering = ("user_id", "id")
    search_help_text = "Its id, or its tenant's id or e-mail address."


@admin.register(models.PaymentCase)
class PaymentCaseAdmin(ReadOnly):
    """The admin page of cases of possible double payments. People decide them over the API and
    in the web pages."""

    list_display = ("party", "amount_at_risk", "currency", "reason", "state", "owner", "user_id")
    list_filter = ("state", "found")
    ordering = ("-amount_at_risk", "id")
    exclude = ("evidence",)
    readonly_fields = (as_json("evidence"),)
    search_help_text = "Its id, or its tenant's id or e-mail address."


@admin.register(models.PaymentCaseRow)
class PaymentCaseRowAdmin(ReadOnly):
    list_display = ("case_id", "relationship_id", "role", "user_id")
    raw_id_fields = ("case", "relationship")
    references = {"case_id": TENANT, "relationship_id": TENANT}
    ordering = ("user_id", "case_id", "id")
    search_help_text = (
        "The id of a row, case, relationship or tenant, or a tenant's e-mail address."
    )


@admin.register(models.PaymentCaseEntry)
class PaymentCaseEntryAdmin(ReadOnly):
    list_display = ("case_id", "action", "by", "state", "created_at", "user_id")
    raw_id_fields = ("case",)
    references = {"case_id": TENANT}
    ordering = ("-created_at", "id")
    search_help_text = "The id of an entry, case or tenant, or a tenant's e-mail address."


@admin.register(models.AskedQuestion)
class AskedQuestionAdmin(ReadOnly):
    """The admin page of questions that workers answer."""

    list_display = ("question", "status", "created_at", "finished_at", "error", "user_id")
    readonly_fields = (
        "id",
        "question",
        as_json("parameters"),
        "version",
        "status",
        "error",
        "answer",
        "created_at",
        "started_at",
        "finished_at",
        "expires_at",
        "cancel_requested_at",
        "tries",
        "worker",
        "lease_until",
        "user_id",
    )
    fields = readonly_fields
    list_filter = ("status", "question")
    ordering = ("-created_at", "-id")
    search_help_text = "Its id, or its tenant's id or e-mail address."


@admin.register(models.ViewRefresh)
class ViewRefreshAdmin(ReadOnly):
    list_display = (
        "id",
        "finished_at",
        "seconds",
        "rows",
        "added",
        "changed",
        "removed",
        "size_bytes",
        "concurrently",
    )
    list_filter = ("concurrently",)
    date_hierarchy = "finished_at"
    ordering = ("-id",)
    search_help_text = "Its number."

    def identified(self, word: str) -> Q | None:
        return Q(pk=word) if word.isdecimal() and len(word) < 19 else None
