"""Builds a tenant's graph from one plain query per table, joined in Python.

The replaced system built its graphs like this. It is the slow, obvious truth with which the view
and the engine are compared: every rule is written out here, and none is taken from graph.layers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import networkx as nx
from django.db import connections

Row = dict[str, Any]
ById = dict[UUID, Row]
NOTHING: Row = {}
RELATIONSHIP = (
    "id",
    "user_id",
    "relationship_type",
    "edge_class",
    "confidence_score",
    "detection_method",
    "reason",
    "source_event_id",
    "target_event_id",
    "temporal_pattern_id",
    "seasonal_pattern_id",
    "pattern_id",
    "canonical_id",
)
EVENT = ("id", "occurred_at", "amount", "currency", "document_ref", "transaction_ref", "records")
MATCH = ("id", "event_id", "entity_id", "confidence", "created_at")
CAUSAL = ("id", "relationship_id", "causal_score", "causal_direction")
TEMPORAL = (
    "id",
    "recurrence_score",
    "recurrence_frequency",
    "last_occurrence",
    "next_predicted_occurrence",
)
SEASONAL = ("id", "seasonal_strength", "seasonal_months")
PATTERN = ("id", "pattern_name", "pattern_confidence")
CROSS_PLATFORM = ("id", "relationship_id", "platform_sources")
PREDICTION = (
    "id",
    "relationship_id",
    "created_at",
    "prediction_confidence",
    "prediction_reason",
    "expected_from",
    "expected_to",
    "amount_low",
    "amount_high",
    "status",
    "books_until",
    "stale_from",
)
ROOT_CAUSE = ("id", "relationship_id", "confidence", "root_cause_analysis")
CHANGE = ("id", "relationship_id", "created_at", "change_type")
DUPLICATE = ("id", "relationship_id", "original_relationship_id", "duplicate_confidence")
AS_TEXT = (
    "source_event_id",
    "target_event_id",
    "amount",
    "payment_group_id",
    "causal_relationship_id",
    "temporal_pattern_id",
    "seasonal_pattern_id",
    "pattern_id",
    "cross_platform_relationship_id",
    "predicted_relationship_id",
    "amount_low",
    "amount_high",
    "root_cause_analysis_id",
    "event_delta_log_id",
    "duplicate_transaction_id",
    "original_relationship_id",
)


@dataclass
class Books:
    """The fetched rows by id. For matches and facts: the row that counts, by the id of its event or
    relationship."""

    relationships: list[Row]
    events: ById
    matches: ById
    causal: ById
    temporal: ById
    seasonal: ById
    patterns: ById
    cross_platform: ById
    predictions: ById
    root_causes: ById
    changes: ById
    duplicates: ById


def rows(user_id: UUID, using: str) -> ById:
    """What the view should contain of the tenant: for each relationship's id the view's columns."""
    books = _books(user_id, using)
    return {
        relationship["id"]: {
            **_base(relationship, books),
            **_patterns(relationship, books),
            **_facts(relationship, books),
        }
        for relationship in books.relationships
    }


def build(user_id: UUID, using: str) -> "nx.MultiDiGraph[str]":
    """The tenant's graph, as graph.engine.networkx.to_networkx.to_networkx would return it."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(unresolved=0, dangling=0)
    columns, live = ("id", "kind", "name"), "AND merged_into_id IS NULL"
    for entity in _fetch(user_id, using, "normalized_entities", columns, live):
        graph.add_node(str(entity["id"]), kind=entity["kind"], name=entity["name"])
    for key, row in rows(user_id, using).items():
        source, target = row.pop("source_entity_id"), row.pop("target_entity_id")
        if source is None or target is None:
            graph.graph["unresolved"] += 1
        elif str(source) not in graph or str(target) not in graph:
            graph.graph["dangling"] += 1
        else:
            _as_attributes(row)
            graph.add_edge(str(source), str(target), key=str(key), **row)
    return graph


def _as_attributes(row: Row) -> None:
    del row["id"], row["user_id"]
    for name in AS_TEXT:
        if row[name] is not None:
            row[name] = str(row[name])


def _fetch(
    user_id: UUID, using: str, table: str, columns: Sequence[str], only: str = ""
) -> list[Row]:
    query = f"SELECT {', '.join(columns)} FROM {table} WHERE user_id = %s {only}"  # noqa: S608
    with connections[using].cursor() as cursor:
        cursor.execute(query, [user_id])
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _books(user_id: UUID, using: str) -> Books:
    fetch = partial(_fetch, user_id, using)
    return Books(
        relationships=fetch("relationship_instances", RELATIONSHIP, "AND deleted_at IS NULL"),
        events=_by_id(fetch("raw_events", EVENT)),
        matches=_best(fetch("entity_matches", MATCH), "event_id", _better_match),
        causal=_by_relationship(fetch("causal_relationships", CAUSAL)),
        temporal=_by_id(fetch("temporal_patterns", TEMPORAL)),
        seasonal=_by_id(fetch("seasonal_patterns", SEASONAL)),
        patterns=_by_id(fetch("relationship_patterns", PATTERN)),
        cross_platform=_by_relationship(fetch("cross_platform_relationships", CROSS_PLATFORM)),
        predictions=_best(
            fetch("predicted_relationships", PREDICTION, "AND status <> 'cancelled'"),
            "relationship_id",
            _newer,
        ),
        root_causes=_best(
            fetch("root_cause_analyses", ROOT_CAUSE), "relationship_id", _surer_cause
        ),
        changes=_best(fetch("event_delta_logs", CHANGE), "relationship_id", _newer),
        duplicates=_best(
            fetch("duplicate_transactions", DUPLICATE, "AND status <> 'dismissed'"),
            "relationship_id",
            _surer_duplicate,
        ),
    )


def _by_id(found: Iterable[Row]) -> ById:
    return {row["id"]: row for row in found}


def _by_relationship(found: Iterable[Row]) -> ById:
    return {row["relationship_id"]: row for row in found}


def _best(found: Iterable[Row], of: str, better: Callable[[Row, Row], bool]) -> ById:
    """For each value of the column `of`, the best of the rows with that value. `better(row, rival)`
    says whether a row is better than another."""
    best: ById = {}
    for row in found:
        rival = best.get(row[of])
        if rival is None or better(row, rival):
            best[row[of]] = row
    return best


def _better_match(row: Row, rival: Row) -> bool:
    """Return whether the row has the higher confidence, then is newer, then has the smaller id."""
    if row["confidence"] != rival["confidence"]:
        return bool(row["confidence"] > rival["confidence"])
    return _newer(row, rival)


def _newer(row: Row, rival: Row) -> bool:
    if row["created_at"] != rival["created_at"]:
        return bool(row["created_at"] > rival["created_at"])
    return bool(row["id"] < rival["id"])


def _surer_cause(row: Row, rival: Row) -> bool:
    if row["confidence"] != rival["confidence"]:
        return bool(row["confidence"] > rival["confidence"])
    return bool(row["id"] < rival["id"])


def _surer_duplicate(row: Row, rival: Row) -> bool:
    if row["duplicate_confidence"] != rival["duplicate_confidence"]:
        return bool(row["duplicate_confidence"] > rival["duplicate_confidence"])
    return bool(row["id"] < rival["id"])


def _base(relationship: Row, books: Books) -> Row:
    source = books.events[relationship["source_event_id"]]
    target = books.events[relationship["target_event_id"]]
    paid = source if target["amount"] is None else target
    document = source if target["document_ref"] is None else target
    return {
        "id": relationship["id"],
        "user_id": relationship["user_id"],
        "relationship_type": relationship["relationship_type"],
        "edge_class": relationship["edge_class"],
        "confidence_score": relationship["confidence_score"],
        "detection_method": relationship["detection_method"],
        "reason": relationship["reason"],
        "source_event_id": source["id"],
        "target_event_id": target["id"],
        "source_entity_id": books.matches.get(source["id"], NOTHING).get("entity_id"),
        "target_entity_id": books.matches.get(target["id"], NOTHING).get("entity_id"),
        "occurred_at": target["occurred_at"],
        "amount": paid["amount"],
        "currency": paid["currency"],
        "document_ref": document["document_ref"],
        "transaction_ref": target["transaction_ref"],
        **_payment(relationship, target),
    }


def _payment(relationship: Row, target: Row) -> Row:
    """The columns `kind` and `payment_group_id` of a relationship: what the flow's row records, and
    the sighting of its payment that counts. Both are None for a link."""
    if relationship["edge_class"] != "flow":
        return {"kind": None, "payment_group_id": None}
    return {
        "kind": target["records"] or "payment",
        "payment_group_id": relationship["canonical_id"] or relationship["id"],
    }


def _patterns(relationship: Row, books: Books) -> Row:
    temporal = books.temporal.get(relationship["temporal_pattern_id"], NOTHING)
    seasonal = books.seasonal.get(relationship["seasonal_pattern_id"], NOTHING)
    pattern = books.patterns.get(relationship["pattern_id"], NOTHING)
    return {
        "temporal_pattern_id": temporal.get("id"),
        "recurrence_score": temporal.get("recurrence_score"),
        "recurrence_frequency": temporal.get("recurrence_frequency"),
        "last_occurrence": temporal.get("last_occurrence"),
        "next_predicted_occurrence": temporal.get("next_predicted_occurrence"),
        "seasonal_pattern_id": seasonal.get("id"),
        "seasonal_strength": seasonal.get("seasonal_strength"),
        "seasonal_months": seasonal.get("seasonal_months"),
        "pattern_id": pattern.get("id"),
        "pattern_name": pattern.get("pattern_name"),
        "pattern_confidence": pattern.get("pattern_confidence"),
    }


def _facts(relationship: Row, books: Books) -> Row:
    causal = books.causal.get(relationship["id"], NOTHING)
    cross_platform = books.cross_platform.get(relationship["id"], NOTHING)
    prediction = books.predictions.get(relationship["id"], NOTHING)
    root_cause = books.root_causes.get(relationship["id"], NOTHING)
    change = books.changes.get(relationship["id"], NOTHING)
    duplicate = books.duplicates.get(relationship["id"], NOTHING)
    return {
        "causal_relationship_id": causal.get("id"),
        "causal_score": causal.get("causal_score"),
        "causal_direction": causal.get("causal_direction"),
        "cross_platform_relationship_id": cross_platform.get("id"),
        "platform_sources": cross_platform.get("platform_sources"),
        "predicted_relationship_id": prediction.get("id"),
        "prediction_confidence": prediction.get("prediction_confidence"),
        "prediction_reason": prediction.get("prediction_reason"),
        "expected_from": prediction.get("expected_from"),
        "expected_to": prediction.get("expected_to"),
        "amount_low": prediction.get("amount_low"),
        "amount_high": prediction.get("amount_high"),
        "status": prediction.get("status"),
        "books_until": prediction.get("books_until"),
        "stale_from": prediction.get("stale_from"),
        "root_cause_analysis_id": root_cause.get("id"),
        "root_cause_analysis": root_cause.get("root_cause_analysis"),
        "event_delta_log_id": change.get("id"),
        "change_type": change.get("change_type"),
        "duplicate_transaction_id": duplicate.get("id"),
        "is_duplicate": duplicate is not NOTHING,
        "duplicate_confidence": duplicate.get("duplicate_confidence"),
        "original_relationship_id": duplicate.get("original_relationship_id"),
    }
