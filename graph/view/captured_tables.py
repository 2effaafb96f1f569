"""Which tables' changes are captured, and what of their rows a graph shows.

An inserted event or pattern is no change yet: the relationship that comes to name it is. Nor is a
write that leaves the shown columns as they were.
"""

from dataclasses import dataclass

from graph.layers import LAYERS, Layer
from graph.models.of_layers import model_of

OPERATIONS = ("insert", "update", "delete", "truncate")
LATER = ("update", "delete", "truncate")  # of rows that nothing can show before it names them
EVERYTHING = "everything"  # the kind of a mark that says no more than: anything may have changed


@dataclass(frozen=True, slots=True)
class Watched:
    """`kind` is what its marks are called, `key` the column whose values they hold.

    `columns` are those whose change counts. `live` is SQL over a row, `{row}`: whether it is in
    the graph at all, where a row may be there and not count.
    """

    table: str
    kind: str
    key: str
    columns: tuple[str, ...]
    live: str = ""
    operations: tuple[str, ...] = OPERATIONS


def watched() -> tuple[Watched, ...]:
    """The four tables of the books, and one for each layer."""
    return (*BOOKS, *(_layer(layer) for layer in LAYERS))


BOOKS = (
    Watched(
        table="raw_events",
        kind="event",
        key="id",
        columns=("occurred_at", "amount", "currency", "document_ref", "transaction_ref"),
        operations=LATER,
    ),
    Watched(
        table="normalized_entities",
        kind="entity",
        key="id",
        columns=("kind", "name", "identity", "keys", "merged_into_id"),
        live="{row}.merged_into_id IS NULL",
    ),
    Watched(
        table="entity_matches",
        kind="match",
        key="event_id",
        columns=("event_id", "entity_id", "confidence", "created_at"),
    ),
    Watched(
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
            *(layer.pointer for layer in LAYERS if layer.is_pattern),
        ),
        live="{row}.deleted_at IS NULL",
    ),
)


def _layer(layer: Layer) -> Watched:
    """Every column of a layer counts: answers show its evidence, too."""
    return Watched(
        table=layer.table,
        kind=layer.name,
        key="id" if layer.is_pattern else "relationship_id",
        columns=tuple(str(field.column) for field in model_of(layer)._meta.concrete_fields),
        operations=LATER if layer.is_pattern else OPERATIONS,
    )
