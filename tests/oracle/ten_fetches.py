"""The ten-fetch way: a tenant's graph from one plain query a table, joined in Python.

It is how the replaced system built its graphs, and the slow, obvious truth that the view and the
engine are compared with: every rule is written out by hand here, none is taken from graph.layers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import networkx as nx
from django.db.models import Model, QuerySet

from graph.models import (
    CausalRelationship,
    CrossPlatformRelationship,
    DuplicateTransaction,
    EntityMatch,
    EventDeltaLog,
    NormalizedEntity,
    PredictedRelationship,
    RawEvent,
    RelationshipInstance,
    RelationshipPattern,
    RootCauseAnalysis,
    SeasonalPattern,
    TemporalPattern,
)

Row = dict[str, Any]
ById = dict[UUID, Row]
NOTHING: Row = {}
AS_TEXT = (
    "source_event_id",
    "target_event_id",
    "amount",
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
    """What was fetched: rows by their id, or the one that counts by its event or relationship."""

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
    """What the view should hold of the tenant: relationship id → the view's columns."""
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
    """The tenant's graph, as graph.engine.convert.to_networkx makes it."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(unresolved=0, dangling=0)
    entities = _of(NormalizedEntity, user_id, using).filter(merged_into__isnull=True)
    for entity in entities.values("id", "kind", "name"):
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


def _of(model: type[Model], user_id: UUID, using: str) -> "QuerySet[Any]":
    return model._default_manager.using(using).filter(user_id=user_id)


def _books(user_id: UUID, using: str) -> Books:
    return Books(
        relationships=_relationships(user_id, using),
        events=_events(user_id, using),
        matches=_matches(user_id, using),
        causal=_causal(user_id, using),
        temporal=_temporal(user_id, using),
        seasonal=_seasonal(user_id, using),
        patterns=_named_patterns(user_id, using),
        cross_platform=_cross_platform(user_id, using),
        predictions=_predictions(user_id, using),
        root_causes=_root_causes(user_id, using),
        changes=_changes(user_id, using),
        duplicates=_duplicates(user_id, using),
    )


def _relationships(user_id: UUID, using: str) -> list[Row]:
    live = _of(RelationshipInstance, user_id, using).filter(deleted_at__isnull=True)
    return list(
        live.values(
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
        )
    )


def _events(user_id: UUID, using: str) -> ById:
    columns = ("id", "occurred_at", "amount", "currency", "document_ref", "transaction_ref")
    return _by_id(_of(RawEvent, user_id, using).values(*columns))


def _matches(user_id: UUID, using: str) -> ById:
    columns = ("id", "event_id", "entity_id", "confidence", "created_at")
    return _best(_of(EntityMatch, user_id, using).values(*columns), "event_id", _better_match)


def _causal(user_id: UUID, using: str) -> ById:
    columns = ("id", "relationship_id", "causal_score", "causal_direction")
    return _by_relationship(_of(CausalRelationship, user_id, using).values(*columns))


def _temporal(user_id: UUID, using: str) -> ById:
    columns = (
        "id",
        "recurrence_score",
        "recurrence_frequency",
        "last_occurrence",
        "next_predicted_occurrence",
    )
    return _by_id(_of(TemporalPattern, user_id, using).values(*columns))


def _seasonal(user_id: UUID, using: str) -> ById:
    columns = ("id", "seasonal_strength", "seasonal_months")
    return _by_id(_of(SeasonalPattern, user_id, using).values(*columns))


def _named_patterns(user_id: UUID, using: str) -> ById:
    columns = ("id", "pattern_name", "pattern_confidence")
    return _by_id(_of(RelationshipPattern, user_id, using).values(*columns))


def _cross_platform(user_id: UUID, using: str) -> ById:
    columns = ("id", "relationship_id", "platform_sources")
    return _by_relationship(_of(CrossPlatformRelationship, user_id, using).values(*columns))


def _predictions(user_id: UUID, using: str) -> ById:
    found = (
        _of(PredictedRelationship, user_id, using)
        .exclude(status="cancelled")
        .values(
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
        )
    )
    return _best(found, "relationship_id", _newer)


def _root_causes(user_id: UUID, using: str) -> ById:
    columns = ("id", "relationship_id", "confidence", "root_cause_analysis")
    found = _of(RootCauseAnalysis, user_id, using).values(*columns)
    return _best(found, "relationship_id", _surer_cause)


def _changes(user_id: UUID, using: str) -> ById:
    columns = ("id", "relationship_id", "created_at", "change_type")
    return _best(_of(EventDeltaLog, user_id, using).values(*columns), "relationship_id", _newer)


def _duplicates(user_id: UUID, using: str) -> ById:
    found = (
        _of(DuplicateTransaction, user_id, using)
        .exclude(status="dismissed")
        .values("id", "relationship_id", "original_relationship_id", "duplicate_confidence")
    )
    return _best(found, "relationship_id", _surer_duplicate)


def _by_id(found: Iterable[Row]) -> ById:
    return {row["id"]: row for row in found}


def _by_relationship(found: Iterable[Row]) -> ById:
    return {row["relationship_id"]: row for row in found}


def _best(found: Iterable[Row], of: str, better: Callable[[Row, Row], bool]) -> ById:
    """Of the rows that share `of`, the one that no other is better than."""
    best: ById = {}
    for row in found:
        rival = best.get(row[of])
        if rival is None or better(row, rival):
            best[row[of]] = row
    return best


def _better_match(row: Row, rival: Row) -> bool:
    """Highest confidence, then newest, then smallest id."""
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
    seen = books.cross_platform.get(relationship["id"], NOTHING)
    prediction = books.predictions.get(relationship["id"], NOTHING)
    root_cause = books.root_causes.get(relationship["id"], NOTHING)
    change = books.changes.get(relationship["id"], NOTHING)
    duplicate = books.duplicates.get(relationship["id"], NOTHING)
    return {
        "causal_relationship_id": causal.get("id"),
        "causal_score": causal.get("causal_score"),
        "causal_direction": causal.get("causal_direction"),
        "cross_platform_relationship_id": seen.get("id"),
        "platform_sources": seen.get("platform_sources"),
        "predicted_relationship_id": prediction.get("id"),
        "prediction_confidence": prediction.get("prediction_confidence"),
        "prediction_reason": prediction.get("prediction_reason"),
        "expected_from": prediction.get("expected_from"),
        "expected_to": prediction.get("expected_to"),
        "amount_low": prediction.get("amount_low"),
        "amount_high": prediction.get("amount_high"),
        "status": prediction.get("status"),
        "root_cause_analysis_id": root_cause.get("id"),
        "root_cause_analysis": root_cause.get("root_cause_analysis"),
        "event_delta_log_id": change.get("id"),
        "change_type": change.get("change_type"),
        "duplicate_transaction_id": duplicate.get("id"),
        "is_duplicate": duplicate is not NOTHING,
        "duplicate_confidence": duplicate.get("duplicate_confidence"),
        "original_relationship_id": duplicate.get("original_relationship_id"),
    }
