"""The replaced system's tables, declared as data: required columns, defaults and references.

Tables and columns have the names of finley's own (`graph.models`). An old table may lack a column
that may be NULL in finley or has a default. docs/adopting.md explains this for users.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from django.apps import apps
from django.db.models import Field, Model

from graph.layers import LAYERS, Layer

BOOKS = ("raw_events", "normalized_entities", "entity_matches", "relationship_instances")
RELATIONSHIPS = "relationship_instances"

# Ways in which a layer's row can name its relationships; the first with all its columns is used.
Way = tuple[str, ...]
WAYS: tuple[Way, ...] = (
    ("relationship_id",),
    ("source_event_id", "target_event_id"),
    ("source_event_id",),
    ("event_id",),
    ("relationship_type",),
)
OF_EVENT: tuple[Way, ...] = (("source_event_id",), ("event_id",), *WAYS)
PAIR_WAYS: tuple[Way, ...] = (
    ("relationship_id", "original_relationship_id"),
    ("source_event_id", "original_event_id"),
    ("event_id", "original_event_id"),
)
# Reference columns → the table that they refer to.
POINTERS = {
    "relationship_id": RELATIONSHIPS,
    "original_relationship_id": RELATIONSHIPS,
    "source_event_id": "raw_events",
    "target_event_id": "raw_events",
    "event_id": "raw_events",
    "original_event_id": "raw_events",
}


@dataclass(frozen=True)
class Old:
    """An old table: what finley requires of it, and which of its rows become one row.

    `defaults` has SQL over the `stated` row for columns that finley requires and the old table may
    lack. `ours` lists columns that are not read because finley computes them. `extras` is the JSON
    column for the values of columns that finley does not have. Rows with equal `key` become one row
    in finley, with the values of the first in the order `best`. `ways` lists, in order of
    preference, the sets of columns that may say which relationship a layer's row is about.
    """

    model: type[Model]
    layer: Layer | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    extras: str = ""
    key: tuple[str, ...] = ()
    best: str = ""
    ways: tuple[Way, ...] = ()

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def staged(self) -> str:
        """Return the name of the temporary table into which the old rows are copied."""
        return f"old_{self.name}"

    def fields(self) -> Iterator[tuple[str, "Field[object, object]"]]:
        """Yield finley's columns that are read from the old table, as (column name, field)."""
        for own in self.model._meta.concrete_fields:
            column = str(own.column)
            if column not in self.ours:
                yield column, own

    def pointers(self) -> tuple[str, ...]:
        """Return the columns in `ways` that finley's table does not have."""
        own = {name for name, _ in self.fields()}
        return tuple(dict.fromkeys(name for way in self.ways for name in way if name not in own))


@cache
def tables() -> tuple[Old, ...]:
    """Return the old tables that finley can read: the four tables of the books, then one per
    layer."""
    return (*_books(), *(_layer(layer) for layer in LAYERS))


def _books() -> tuple[Old, ...]:
    events, entities, matches, relationships = (_model(name) for name in BOOKS)
    return (
        Old(
            events,
            defaults={
                "source": "'adopted'",
                "platform": "coalesce(stated.source, 'adopted')",
                "external_id": "stated.id::text",
                "transaction_ref": "stated.id::text",
                "updated_at": "stated.created_at",
            },
            ours=frozenset({"content_hash"}),
            extras="data",
            key=("source", "external_id", "posting"),
            best="created_at",
        ),
        Old(
            entities,
            defaults={"kind": "'vendor'", "updated_at": "stated.created_at"},
            ours=frozenset({"identity", "merged_into_id"}),
            key=("kind", "identity"),
            best="created_at",
        ),
        Old(
            matches,
            ours=frozenset({"original_entity_id", "original_confidence", "original_reason"}),
            key=("event_id", "entity_id"),
            best="confidence DESC, created_at DESC",
        ),
        Old(
            relationships,
            defaults={"detection_method": "'adopted'", "updated_at": "stated.created_at"},
            ours=frozenset({"edge_class"}),
            key=("source_event_id", "target_event_id", "relationship_type"),
            best="(deleted_at IS NOT NULL), confidence_score DESC, created_at DESC",
        ),
    )


DEFAULTS = {
    "predicted_relationships": {"prediction_reason": "''"},
    "root_cause_analyses": {"confidence": "0.5"},
    "event_delta_logs": {"event_key": "'adopted ' || stated.id::text"},
}


def _layer(layer: Layer) -> Old:
    model = _model(layer.table)
    columns = {str(field.column) for field in model._meta.concrete_fields}
    return Old(
        model,
        layer=layer,
        defaults=DEFAULTS.get(layer.table, {}),
        ours=frozenset({"key", "relationship_key", "original_key", "fulfilled_by_event_id"}),
        extras="evidence" if "evidence" in columns else "",
        ways=_ways(layer, columns),
    )


def _ways(layer: Layer, columns: set[str]) -> tuple[Way, ...]:
    if "original_relationship_id" in columns:
        return PAIR_WAYS
    if layer.name in {"prediction", "root_cause"}:
        return OF_EVENT
    return WAYS


def _model(table: str) -> type[Model]:
    models = apps.get_app_config("graph").get_models()
    return next(model for model in models if model._meta.db_table == table)
