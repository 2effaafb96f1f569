"""The tables whose changes are captured, and their columns that a graph shows.

Inserting an event or a pattern changes no graph until a relationship refers to it. An update that
leaves the shown columns unchanged is not captured.
"""

from dataclasses import dataclass

from graph.layers import LAYERS, Layer
from graph.models.layer_models import model_of

OPERATIONS = ("insert", "update", "delete", "truncate")
LATER = ("update", "delete", "truncate")  # a new row is not shown until another row refers to it
EVERYTHING = "everything"  # the kind of a change record which means that anything may have changed


@dataclass(frozen=True, slots=True)
class CapturedTable:
    """A table whose changes are captured as change records.

    `kind` is the kind of its change records; `key` is the column whose values they hold. An update
    counts only if it changes one of `columns`. `live` is an SQL condition with the placeholder
    `{row}`, which says whether an existing row is part of the graph. It is empty if every row is.
    """

    table: str
    kind: str
    key: str
    columns: tuple[str, ...]
    live: str = ""
    operations: tuple[str, ...] = OPERATIONS


def captured_tables() -> tuple[CapturedTable, ...]:
    """Return the tables whose changes are captured: the four tables of the books and one per
    layer."""
    return (*BOOKS, *(_layer(layer) for layer in LAYERS))


BOOKS = (
    CapturedTable(
        table="raw_events",
        kind="event",
        key="id",
        columns=(
            "occurred_at",
            "amount",
            "currency",
            "document_ref",
            "transaction_ref",
            "records",
            "due_on",  # not shown in the graph, but answers depend on them
            "balance",
        ),
        operations=LATER,
    ),
    CapturedTable(
        table="normalized_entities",
        kind="entity",
        key="id",
        columns=("kind", "name", "identity", "keys", "merged_into_id"),
        live="{row}.merged_into_id IS NULL",
    ),
    CapturedTable(
        table="entity_matches",
        kind="match",
        key="event_id",
        columns=("event_id", "entity_id", "confidence", "created_at"),
    ),
    CapturedTable(
        table="relationship_instances",
        kind="relationship",
        key="id",
        columns=(
            "source_event_id",
            "target_event_id",
            "relationship_type",
            "edge_class",
            "confidence_score",
            "detection_method",
            "reason",
            "deleted_at",
            "canonical_id",
            "allocated",
            *(layer.pointer for layer in LAYERS if layer.is_pattern),
        ),
        live="{row}.deleted_at IS NULL",
    ),
)


def _layer(layer: Layer) -> CapturedTable:
    """Return the captured table of a layer. Every column counts, because answers show a layer's
    evidence."""
    return CapturedTable(
        table=layer.table,
        kind=layer.name,
        key="id" if layer.is_pattern else "relationship_id",
        columns=tuple(str(field.column) for field in model_of(layer)._meta.concrete_fields),
        operations=LATER if layer.is_pattern else OPERATIONS,
    )
