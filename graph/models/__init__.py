"""The tables of a tenant's graph, and the models of the view."""

from graph.models.books import EntityMatch, NormalizedEntity, RawEvent, RelationshipInstance
from graph.models.cases import PaymentCase, PaymentCaseEntry, PaymentCaseRow
from graph.models.enrichment import (
    CausalRelationship,
    CrossPlatformRelationship,
    DuplicateTransaction,
    EventDeltaLog,
    PredictedRelationship,
    RelationshipPattern,
    RootCauseAnalysis,
    SeasonalPattern,
    TemporalPattern,
)
from graph.models.idempotency import RepeatedRequest
from graph.models.preferences import TenantPreference
from graph.models.questions import AskedQuestion
from graph.models.resolutions import EntityResolution
from graph.models.upkeep import Enrichment, SavedMapping, SearchedGroup
from graph.models.view import EnrichedRelationship, TenantRelationship, ViewRefresh

__all__ = [
    "AskedQuestion",
    "CausalRelationship",
    "CrossPlatformRelationship",
    "DuplicateTransaction",
    "EnrichedRelationship",
    "Enrichment",
    "EntityMatch",
    "EntityResolution",
    "EventDeltaLog",
    "NormalizedEntity",
    "PaymentCase",
    "PaymentCaseEntry",
    "PaymentCaseRow",
    "PredictedRelationship",
    "RawEvent",
    "RelationshipInstance",
    "RelationshipPattern",
    "RepeatedRequest",
    "RootCauseAnalysis",
    "SavedMapping",
    "SearchedGroup",
    "SeasonalPattern",
    "TemporalPattern",
    "TenantPreference",
    "TenantRelationship",
    "ViewRefresh",
]
