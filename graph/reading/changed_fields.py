"""Which fields of nodes and edges a write may have changed, from the columns of its change record.

The result contains every changed field and perhaps others, because a change record does not hold
the old values.
"""

import re
from collections.abc import Iterable

from graph.layers import BY_NAME, LAYERS, Layer
from graph.reading.current_graph import OF_EVENTS

Fields = frozenset[str]

OF_NODES: Fields = frozenset({"kind", "name"})
OF_SOURCES: Fields = frozenset({"amount", "currency", "document_ref"})  # if the target has none
ENDS: dict[str, tuple[str, Fields]] = {
    "source_event_id": ("source", OF_SOURCES),
    "target_event_id": ("target", frozenset(OF_EVENTS)),
}
POINTERS = {layer.pointer: layer for layer in LAYERS if layer.is_pattern}
RENAMED = {"records": "kind"}  # columns of events that have another name in the view
OWN: Fields = frozenset(
    {"relationship_type", "edge_class", "confidence_score", "detection_method", "reason"}
)


def of_node(columns: Iterable[str]) -> Fields:
    """Return the fields of a node that may have changed when these columns of its entity were
    written.

    Without columns, the result has all fields.
    """
    changed = frozenset(columns)
    was_away = not changed or "merged_into_id" in changed
    return OF_NODES if was_away else OF_NODES & changed


def of_edge(kind: str, pointer: str, columns: Iterable[str]) -> Fields:
    """Return the fields of a relationship that may have changed, from one change record of that
    kind.

    `pointer` is the relationship's column that holds the changed row's id, or "" if the change
    record names the relationship itself. `columns` are those that were written.
    """
    changed = frozenset(columns)
    if kind == "relationship":
        return _of_relationship(changed)
    if kind == "match":
        return frozenset({ENDS[pointer][0]})
    if kind == "event":
        fields = ENDS[pointer][1]
        renamed = frozenset(RENAMED.get(column, column) for column in changed)
        return fields & renamed if changed else fields
    return _of_layer(BY_NAME[kind], changed)


def _of_relationship(changed: Fields) -> Fields:
    if not changed or "deleted_at" in changed:  # the relationship was created, deleted or restored
        every = (*OWN, *ENDS, *POINTERS, "canonical_id")
        return _of_relationship(frozenset(every)) | _of_facts()
    fields = OWN & changed
    if changed & {"canonical_id", "edge_class"}:
        fields |= {"kind", "payment_group_id"}
    for column in ENDS.keys() & changed:
        fields |= {column, ENDS[column][0], *ENDS[column][1]}
    for column in POINTERS.keys() & changed:
        fields |= _all(POINTERS[column])
    return fields


def _of_facts() -> Fields:
    return frozenset().union(*(_all(layer) for layer in LAYERS if not layer.is_pattern))


def _of_layer(layer: Layer, changed: Fields) -> Fields:
    """Return the layer's fields that may have changed.

    The result has all fields if the relationship may now show another row of the layer.
    """
    choosing = {"id", "user_id", "relationship_id", *re.findall(r"\w+", layer.pick + layer.only)}
    if not changed or choosing & changed:
        return _all(layer)
    return frozenset(c.name for c in layer.columns if changed & frozenset(c.sources))


def _all(layer: Layer) -> Fields:
    return frozenset({layer.id_column, *(column.name for column in layer.columns)})
