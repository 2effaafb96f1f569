"""Reads what enrichment wrote to a tenant's tables, with rows of files as in the truth."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from benchmarks.scoring.scores import Pair
from finley.demo.truth import Ref
from graph.database.bulk import IN_BULK
from graph.database.tenancy import Query, snapshot_transaction

EVENTS = """
    WITH best_match AS (
        SELECT DISTINCT ON (event_id) event_id, entity_id
        FROM entity_matches WHERE user_id = %(user)s
        ORDER BY event_id, confidence DESC, created_at DESC, id
    )
    SELECT event.id, event.provenance -> 0 ->> 'file', event.external_id,
        (event.occurred_at AT TIME ZONE 'UTC')::date, event.party_name, best_match.entity_id
    FROM raw_events AS event
    LEFT JOIN best_match ON best_match.event_id = event.id
    WHERE event.user_id = %(user)s
"""
RELATIONSHIPS = """
    SELECT id, source_event_id, target_event_id, relationship_type, edge_class, confidence_score,
        temporal_pattern_id, seasonal_pattern_id
    FROM relationship_instances WHERE user_id = %(user)s AND deleted_at IS NULL
"""
TEMPORAL = """
    SELECT id, recurrence_frequency, recurrence_score, active
    FROM temporal_patterns WHERE user_id = %(user)s
"""
SEASONAL = "SELECT id, seasonal_months FROM seasonal_patterns WHERE user_id = %(user)s"
OFFERED = """
    SELECT kept_id, merged_id, confidence FROM entity_resolutions
    WHERE user_id = %(user)s AND decided = 'open'
"""
DUPLICATES = """
    SELECT relationship_id, original_relationship_id, duplicate_confidence, evidence ->> 'case'
    FROM duplicate_transactions
    WHERE user_id = %(user)s AND status <> 'dismissed'
        AND coalesce(evidence ->> 'kind', '') <> 'republished'
"""
PREDICTIONS = """
    SELECT relationship_id, expected_from, expected_to, prediction_confidence, status,
        coalesce(amount_low, 0), coalesce(amount_high, 0)
    FROM predicted_relationships
    WHERE user_id = %(user)s AND status IN ('pending', 'overdue') AND expected_from IS NOT NULL
"""


@dataclass(frozen=True)
class Prediction:
    """The prediction of a series' next row, from the day `first` to the day `last`. `row` is the
    row of the series to which it refers.

    `amounts` are the lowest and the highest amount, in units of the currency.
    """

    row: Ref
    first: date
    last: date
    confidence: float
    status: str = "pending"
    amounts: tuple[float, float] = (0.0, 0.0)


@dataclass
class Found:
    """What enrichment found. Rows are those of the files.

    `named`: (row, name in it) → entity. `offered`: two entities that a person should judge, and the
    confidence that they are one. `patterns`: frequency and score. `series_of_row`, `season`: row →
    pattern. `links`: by type. `cases`: the finding to which a pair of duplicates belongs. `cycles`:
    links in both directions.
    """

    days: dict[Ref, date] = field(default_factory=dict)
    named: dict[tuple[Ref, str], str] = field(default_factory=dict)
    flows: set[Ref] = field(default_factory=set)
    series_of_row: dict[Ref, str] = field(default_factory=dict)
    season: dict[Ref, str] = field(default_factory=dict)
    patterns: dict[str, tuple[str, float]] = field(default_factory=dict)
    seasons: dict[str, list[int]] = field(default_factory=dict)
    links: dict[str, dict[Pair, float]] = field(default_factory=lambda: defaultdict(dict))
    duplicates: dict[Pair, float] = field(default_factory=dict)
    cases: dict[Pair, str] = field(default_factory=dict)
    cycles: int = 0
    offered: list[tuple[str, str, float]] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)


def read(user_id: UUID) -> Found:
    """Read everything that is scored, in one snapshot."""
    claims = Found()
    with (
        snapshot_transaction(user_id, Query("SELECT now()")) as (connection, _),
        connection.cursor() as cursor,
    ):
        cursor.execute(IN_BULK)

        def rows(query: str) -> list[tuple[Any, ...]]:
            cursor.execute(query, {"user": user_id})
            return list(cursor.fetchall())

        places = _events(claims, rows(EVENTS))
        edges = _relationships(claims, rows(RELATIONSHIPS), places)
        claims.patterns = {str(row[0]): (row[1], row[2]) for row in rows(TEMPORAL)}
        claims.seasons = {str(row[0]): list(row[1]) for row in rows(SEASONAL)}
        _duplicates(claims, rows(DUPLICATES), edges)
        claims.offered = [(str(one), str(other), sure) for one, other, sure in rows(OFFERED)]
        for edge, first, last, confidence, status, low, high in rows(PREDICTIONS):
            if edge in edges:
                amounts = float(low), float(high)
                prediction = Prediction(
                    edges[edge], first, last or first, confidence, status, amounts
                )
                claims.predictions.append(prediction)
    return claims


def _events(claims: Found, rows: list[tuple[Any, ...]]) -> dict[UUID, Ref]:
    places = {}
    for event, file, key, day, name, entity in rows:
        ref = places[event] = Ref(file or "", key)
        claims.days[ref] = day
        if entity is not None:
            claims.named[ref, name] = str(entity)
    return places


def _relationships(
    claims: Found, rows: list[tuple[Any, ...]], places: dict[UUID, Ref]
) -> dict[UUID, Ref]:
    """Add the tenant's flows and links to `claims`. Return the file's row of each flow, by the
    relationship's id. A row of a file is one transaction, and one flow."""
    edges = {}
    for edge, source, target, kind, edge_class, confidence, series_of_row, season in rows:
        ref = places[target]
        if edge_class != "flow":
            pair = frozenset((places[source], ref))
            claims.cycles += pair in claims.links[kind]
            claims.links[kind][pair] = confidence
            continue
        edges[edge] = ref
        claims.flows.add(ref)
        if series_of_row:
            claims.series_of_row[ref] = str(series_of_row)
        if season:
            claims.season[ref] = str(season)
    return edges


def _duplicates(claims: Found, rows: list[tuple[Any, ...]], edges: dict[UUID, Ref]) -> None:
    """Add the reported double payments to `claims`. Dismissed pairs, and rows that were published
    twice, are left out."""
    for one, other, confidence, case in rows:
        if one in edges and other in edges:
            pair = frozenset((edges[one], edges[other]))
            claims.duplicates[pair] = confidence
            claims.cases[pair] = case or ""
