"""The view, against the ten-fetch way, on tables that people would not make but databases allow.

`HYPOTHESIS_PROFILE=thorough` tries 2,500 sets of books instead of 150.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from graph import models
from tests.oracle import ten_fetches

pytestmark = pytest.mark.usefixtures("committed")

TENANTS = [UUID(int=n) for n in (1, 2, 1 << 127)]
STRANGER = UUID(int=3)
PARENTS_FIRST = (
    models.NormalizedEntity,
    models.RawEvent,
    models.EntityMatch,
    models.TemporalPattern,
    models.SeasonalPattern,
    models.RelationshipPattern,
    models.RelationshipInstance,
    models.CausalRelationship,
    models.CrossPlatformRelationship,
    models.PredictedRelationship,
    models.RootCauseAnalysis,
    models.EventDeltaLog,
    models.DuplicateTransaction,
)
SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd: different numbers stay different, mod 2**128

# few values, so that ties and duplicates are the rule
timestamps = st.sampled_from(
    [datetime(2024, 1, 31, tzinfo=UTC) + timedelta(microseconds=n) for n in (0, 0, 1, 10**12)]
)
scores = st.sampled_from([0.0, 0.5, 0.5, 0.5000000000000001, 1.0])
texts = st.sampled_from(["", "x", "\t\\N", "É"])
amounts = st.sampled_from(
    [Decimal(n) for n in ("0", "-1", "1", "0.0001", "-9999999999999999.9999")]
)
days = st.sampled_from([date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)])
currencies = st.sampled_from(["GBP", "EUR"])


class Ids:
    """Ids of one set of books, whose order has nothing to do with the order of the rows."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self._draw = draw
        self._used: set[int] = set()

    def next(self) -> UUID:
        n = self._draw(st.integers(0, 999))
        while n in self._used:
            n += 1
        self._used.add(n)
        return UUID(int=(n + 1) * SPREAD % (1 << 128))


class Books:
    """One tenant's rows, drawn table by table; `rows` are unsaved models."""

    def __init__(self, draw: Callable[..., Any], ids: Ids, user: UUID) -> None:
        self.draw, self.ids, self.user = draw, ids, user
        self.rows: list[Any] = []

    def add(self, model: type, **values: Any) -> Any:
        """A row whose values are drawn where they are strategies."""
        columns = {
            name: self.draw(value) if isinstance(value, st.SearchStrategy) else value
            for name, value in values.items()
        }
        common = {"id": self.ids.next(), "user_id": self.user, "created_at": self.draw(timestamps)}
        self.rows.append(model(**common, **columns))
        return self.rows[-1]

    def times(self, most: int, least: int = 0) -> range:
        return range(self.draw(st.integers(least, most)))

    def fill(self) -> list[Any]:
        entities = [self.entity(n) for n in self.times(3)]
        events = [self.event(n) for n in self.times(4, least=1)]
        self.matches(events, entities)
        patterns = self.patterns()
        relationships = self.relationships(events, patterns)
        self.unique_facts(relationships)
        self.predictions(relationships)
        self.root_causes(relationships)
        self.changes(relationships)
        self.duplicates(relationships)
        return self.rows

    def entity(self, n: int) -> Any:
        return self.add(models.NormalizedEntity, kind="vendor", name=f"v{n}", identity=f"v{n}")

    def event(self, n: int) -> Any:
        amount, currency = self.draw(st.one_of(st.none(), amounts)), self.draw(currencies)
        unpriced = self.draw(st.sampled_from([None, currency]))  # a currency without an amount
        return self.add(
            models.RawEvent,
            source="test",
            platform="ledger",
            external_id=str(n),
            transaction_ref=texts,
            occurred_at=timestamps,
            amount=amount,
            currency=unpriced if amount is None else currency,
            document_ref=st.one_of(st.none(), texts),
        )

    def matches(self, events: list[Any], entities: list[Any]) -> None:
        pairs = [(a, b) for a in events for b in entities]
        for a, b in self.some_of(pairs, least=len(pairs) // 2):
            self.add(models.EntityMatch, event_id=a.id, entity_id=b.id, confidence=scores)

    def some_of(self, choices: list[Any], least: int = 0) -> list[Any]:
        if not choices:
            return []
        return self.draw(
            st.lists(st.sampled_from(choices), min_size=least, max_size=8, unique_by=id)
        )

    def patterns(self) -> dict[str, list[Any]]:
        return {
            "temporal_pattern_id": [self.temporal(n) for n in self.times(2)],
            "seasonal_pattern_id": [self.seasonal(n) for n in self.times(2)],
            "pattern_id": [self.pattern(n) for n in self.times(2)],
        }

    def temporal(self, n: int) -> Any:
        return self.add(
            models.TemporalPattern,
            key=str(n),
            recurrence_score=scores,
            recurrence_frequency="monthly",
            last_occurrence=days,
            next_predicted_occurrence=st.one_of(st.none(), days),
        )

    def seasonal(self, n: int) -> Any:
        months = st.sampled_from([[1], [12], [1, 2]])
        return self.add(
            models.SeasonalPattern, key=str(n), seasonal_strength=scores, seasonal_months=months
        )

    def pattern(self, n: int) -> Any:
        return self.add(
            models.RelationshipPattern, key=str(n), pattern_name=f"p{n}", pattern_confidence=scores
        )

    def relationships(self, events: list[Any], patterns: dict[str, list[Any]]) -> list[Any]:
        kinds = ("payment", "reversal")
        ends = [(a, b, kind) for a in events for b in events for kind in kinds]
        return [
            self.add(
                models.RelationshipInstance,
                source_event_id=a.id,
                target_event_id=b.id,
                relationship_type=kind,
                edge_class=st.sampled_from(["flow", "link"]),
                confidence_score=scores,
                detection_method="test",
                reason=texts,
                deleted_at=st.sampled_from([None, None, None, datetime(2024, 3, 1, tzinfo=UTC)]),
                **{
                    pointer: st.sampled_from([None, *(row.id for row in rows_of_layer)])
                    for pointer, rows_of_layer in patterns.items()
                },
            )
            for a, b, kind in self.some_of(ends, least=1)
        ]

    def of_one(self, relationships: list[Any]) -> st.SearchStrategy[UUID]:
        """Any relationship, often the first: a fact is seldom alone."""
        return st.sampled_from([row.id for row in [*relationships[:1] * 3, *relationships]])

    def unique_facts(self, relationships: list[Any]) -> None:
        for row in self.some_of(relationships):
            self.add(
                models.CausalRelationship,
                relationship_id=row.id,
                causal_score=st.one_of(st.none(), scores),
                causal_direction=st.sampled_from(["forward", "backward", "both"]),
            )
        for row in self.some_of(relationships):
            self.add(
                models.CrossPlatformRelationship,
                relationship_id=row.id,
                platform_sources=st.sampled_from([["ledger"], ["card", "ledger"], [""]]),
            )

    def predictions(self, relationships: list[Any]) -> None:
        for n in self.times(4):
            from_to = sorted(self.draw(st.tuples(days, days)))
            low_high = sorted(self.draw(st.tuples(amounts, amounts)))
            missing = self.draw(st.integers(0, 3))
            self.add(
                models.PredictedRelationship,
                relationship_id=self.of_one(relationships),
                prediction_confidence=scores,
                prediction_reason=str(n),
                expected_from=None if missing == 0 else from_to[0],
                expected_to=None if missing == 1 else from_to[1],
                amount_low=None if missing == 2 else low_high[0],
                amount_high=None if missing == 3 else low_high[1],
                currency="GBP",
                status=st.sampled_from(["pending", "fulfilled", "overdue", "cancelled"]),
            )

    def root_causes(self, relationships: list[Any]) -> None:
        for n in self.times(4):
            self.add(
                models.RootCauseAnalysis,
                relationship_id=self.of_one(relationships),
                root_cause_analysis=str(n),
                confidence=scores,
            )

    def changes(self, relationships: list[Any]) -> None:
        """Some of relationships that are gone."""
        for n in self.times(4):
            self.add(
                models.EventDeltaLog,
                relationship_id=st.one_of(self.of_one(relationships), st.none()),
                event_key=str(n),
                change_type=st.sampled_from(["created", "modified", "deleted"]),
            )

    def duplicates(self, relationships: list[Any]) -> None:
        pairs = [
            pair
            for n, one in enumerate(relationships)
            for other in relationships[:n]
            for pair in [self.draw(st.permutations([one, other]))]
        ]
        for one, other in self.some_of(pairs):
            self.add(
                models.DuplicateTransaction,
                relationship_id=one.id,
                original_relationship_id=other.id,
                duplicate_confidence=scores,
                status=st.sampled_from(["open", "confirmed", "dismissed"]),
            )


@st.composite
def books(draw: Callable[..., Any]) -> list[Any]:
    """The rows of one to three tenants, in one list."""
    ids = Ids(draw)
    tenants = TENANTS[: draw(st.integers(1, len(TENANTS)))]
    return [row for user in tenants for row in Books(draw, ids, user).fill()]


@given(books())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_row_of_every_tenant_is_what_ten_fetches_give(drawn):
    describe(drawn)
    with transaction.atomic(using="owner"):
        insert(drawn)
        for user in (*TENANTS, STRANGER):
            assert of_view(user) == ten_fetches.rows(user, using="owner")
        transaction.set_rollback(True, using="owner")


def insert(drawn: list[Any]) -> None:
    for model in PARENTS_FIRST:
        model.objects.using("owner").bulk_create(of(drawn, model))
    with connections["owner"].cursor() as cursor:
        cursor.execute("REFRESH MATERIALIZED VIEW view_enriched_relationships")


def of_view(user: UUID) -> dict[UUID, dict[str, Any]]:
    rows = list(models.EnrichedRelationship.objects.using("owner").filter(user_id=user).values())
    by_id = {row["id"]: row for row in rows}
    for row in rows:  # of other columns, and read by nobody but a large tenant's load
        row.pop("shared_key")
    assert len(by_id) == len(rows), "a relationship has several rows"
    return by_id


def describe(drawn: list[Any]) -> None:
    """What --hypothesis-show-statistics tells of the books that were tried."""
    live = [r for r in of(drawn, models.RelationshipInstance) if r.deleted_at is None]
    event(f"tenants: {len({row.user_id for row in drawn})}")
    event(f"rows in the view: {'0' if not live else '1-5' if len(live) < 6 else '6+'}")
    matched = {row.event_id for row in of(drawn, models.EntityMatch)}
    deleted = {row.id for row in of(drawn, models.RelationshipInstance)} - {row.id for row in live}
    values = {
        "an event without a match": any(e.id not in matched for e in of(drawn, models.RawEvent)),
        "a fact of a soft-deleted relationship": any(
            getattr(row, "relationship_id", None) in deleted for row in drawn
        ),
        "a soft-deleted relationship": bool(deleted),
        "a self loop": any(r.source_event_id == r.target_event_id for r in live),
        "parallel edges": repeated(live, "source_event_id", "target_event_id"),
        "a tie between matches": tied(drawn, models.EntityMatch, "event_id", "confidence"),
        "a tie between predictions": tied(drawn, models.PredictedRelationship),
        "a tie between root causes": tied(drawn, models.RootCauseAnalysis, rank="confidence"),
        "a tie between changes": tied(drawn, models.EventDeltaLog),
        "a tie between duplicates": tied(
            drawn, models.DuplicateTransaction, rank="duplicate_confidence"
        ),
        "a change of nothing left": any(
            row.relationship_id is None for row in of(drawn, models.EventDeltaLog)
        ),
    }
    for what, happened in values.items():
        if happened:
            event(what)


def of(drawn: list[Any], model: type) -> list[Any]:
    return [row for row in drawn if type(row) is model]


def tied(
    drawn: list[Any], model: type, to: str = "relationship_id", rank: str = "created_at"
) -> bool:
    return repeated([row for row in of(drawn, model) if getattr(row, to)], to, rank)


def repeated(found: list[Any], *names: str) -> bool:
    counts = Counter(tuple(getattr(row, name) for name in names) for row in found)
    return any(times > 1 for times in counts.values())
