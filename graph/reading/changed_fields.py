"""Which fields of nodes and edges a write may have changed, from the columns of its change record.

The result contains every changed field and perhaps others, because a change record does not hold
the old values.
"""

import re
from collections.abc import Iterable

from graph.layers import BY_NAME, LAYERS, Layer
from graph.reading.corrections import OF_EVENTS

Fields = frozenset[str]

OF_NODES: Fields = frozenset({"kind", "name"})
OF_SOURCES: Fields = frozenset({"amount", "currency", "document_ref"})  # if the target has none
ENDS: dict[str, tuple[str, Fields]] = {
    "source_event_id": ("source", OF_SOURCES),
    "target_event_id": ("target", frozenset(OF_EVENTS)),
}
POINTERS = {layer.pointer: layer for layer in LAYERS if layer.is_pattern}
RENAMED = {"records": "kind"}  # columns of events that the view calls otherwise
OWN: Fields = frozenset(
    {"relationship_type", "edge_class", "confidence_score", "detection_method", "reason"}
)


def of_node(columns: Iterable[str]) -> Fields:
    """Fields of a node whose entity's `columns` were written. No columns: any may have been."""
    written = frozenset(columns)
    was_away = not written or "merged_into_id" in written
    return OF_NODES if was_away else OF_NODES & written


def of_edge(kind: str, pointer: str, columns: Iterable[str]) -> Fields:
    """Fields of a relationship that a change record of this kind concerns.

    `pointer` is the relationship's column that holds the changed row's id, or "" if the change
    record names the relationship itself.
    """
    written = frozenset(columns)
    if kind == "relationship":
        return _of_relationship(written)
    if kind == "match":
        return frozenset({ENDS[pointer][0]})
    if kind == "event":
        shown = ENDS[pointer][1]
        named = frozenset(RENAMED.get(column, column) for column in written)
        return shown & named if written else shown
    return _of_layer(BY_NAME[kind], written)


def _of_relationship(written: Fields) -> Fields:
    if not written or "deleted_at" in written:  # the relationship was created, deleted or restored
        every = (*OWN, *ENDS, *POINTERS, "canonical_id")
        return _of_relationship(frozenset(every)) | _of_facts()
    fields = OWN & written
    if written & {"canonical_id", "edge_class"}:
        fields |= {"kind", "payment_group_id"}
    for column in ENDS.keys() & written:
        fields |= {column, ENDS[column][0], *ENDS[column][1]}
    for column in POINTERS.keys() & written:
        fields |= _all(POINTERS[column])
    return fields


def _of_facts() -> Fields:
    return frozenset().union(*(_all(layer) for layer in LAYERS if not layer.is_pattern))


def _of_layer(layer: Layer, written: Fields) -> Fields:
    """All fields of the layer if another of its rows may be the one shown now."""
    choosing = {"id", "user_id", "relationship_id", *re.findall(r"\w+", layer.pick + layer.only)}
    if not written or choosing & written:
        return _all(layer)
    return frozenset(c.name for c in layer.columns if written & frozenset(c.sources))


def _all(layer: Layer) -> Fields:
    return frozenset({layer.id_column, *(column.name for column in layer.columns)})
