"""What is off, said in a sentence of facts, with the chain back to where it began."""

from datetime import UTC, date, datetime, timedelta

import pytest

from graph.enrich import causal, root_cause
from graph.enrich.write.counts import Counts
from graph.models import (
    DuplicateTransaction,
    PredictedRelationship,
    RelationshipInstance,
    RootCauseAnalysis,
    TemporalPattern,
)
from tests.graph import rows


def paid(tenant, payer, payee, day: int, amount: float = 100, **values) -> RelationshipInstance:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    ends = [
        rows.event(tenant, party, amount=sign * amount, occurred_at=at, **values)
        for party, sign in ((payer, -1), (payee, 1))
    ]
    return rows.relationship(tenant, *ends)


def analyses() -> dict[object, RootCauseAnalysis]:
    return {
        analysis.relationship_id: analysis
        for analysis in RootCauseAnalysis.objects.using("owner").all()
    }


@pytest.fixture
def parties(committed):
    tenant = rows.tenant_id()
    return tenant, rows.entity(tenant, "Office", "department"), rows.entity(tenant, "Harbour Foods")


def test_nothing_is_off_in_empty_books(committed):
    assert root_cause.enrich(rows.tenant_id()) == Counts()


def test_what_was_paid_again_leads_back_to_its_mail(parties):
    tenant, office, vendor = parties
    first = paid(tenant, office, vendor, 10, document_ref="INV-7")
    again = paid(tenant, office, vendor, 14, document_ref="INV-7")
    mail = rows.event(
        tenant, vendor, kind="message", occurred_at=datetime(2026, 1, 3, tzinfo=UTC),
        description="Invoice INV-7",
    )  # fmt: skip
    rows.relationship(
        tenant, mail, first.source_event, relationship_type="receipt", edge_class="link"
    )
    rows.add(
        DuplicateTransaction,
        user_id=tenant,
        relationship_id=again.pk,
        original_relationship_id=first.pk,
        duplicate_confidence=0.9,
    )
    causal.enrich(tenant)
    assert root_cause.enrich(tenant) == Counts(added=1)
    assert root_cause.enrich(tenant) == Counts()
    analysis = analyses()[again.pk]
    assert analysis.root_cause_analysis.startswith(
        "GBP 100.00 to Harbour Foods on 2026-01-15 (row "
    )
    assert "repeats the payment of 2026-01-11" in analysis.root_cause_analysis
    assert "both for INV-7" in analysis.root_cause_analysis
    assert "It began with the mail 'Invoice INV-7' of 2026-01-03." in analysis.root_cause_analysis
    assert [step["type"] for step in analysis.chain] == ["receipt"]
    assert analysis.confidence == 0.9


def test_a_dismissed_duplicate_is_not_off(parties):
    tenant, office, vendor = parties
    first, again = (paid(tenant, office, vendor, day) for day in (1, 2))
    rows.add(
        DuplicateTransaction,
        user_id=tenant,
        relationship_id=again.pk,
        original_relationship_id=first.pk,
        duplicate_confidence=0.9,
        status="dismissed",
    )
    assert root_cause.enrich(tenant) == Counts()


def test_an_amount_far_from_its_series_and_a_late_one(parties):
    tenant, office, vendor = parties
    series = rows.add(
        TemporalPattern,
        user_id=tenant,
        key="k",
        recurrence_score=0.9,
        recurrence_frequency="monthly",
        last_occurrence=date(2026, 6, 1),
    )
    payments = [
        paid(tenant, office, vendor, 30 * number, amount)
        for number, amount in enumerate([100, 101, 99, 100, 102, 500])
    ]
    ids = [payment.pk for payment in payments]
    RelationshipInstance.objects.using("owner").filter(pk__in=ids).update(temporal_pattern=series)
    rows.add(
        PredictedRelationship,
        user_id=tenant,
        relationship_id=ids[3],
        prediction_confidence=0.8,
        prediction_reason="-",
        expected_from=date(2026, 6, 28),
        expected_to=date(2026, 7, 3),
        status="overdue",
    )
    assert root_cause.enrich(tenant) == Counts(added=2)
    by_payment = analyses()
    assert set(by_payment) == {ids[5], ids[3]}
    assert (
        "is 5.0 times the usual GBP 100.50 of this monthly series"
        in by_payment[ids[5]].root_cause_analysis
    )
    assert 0 < by_payment[ids[5]].confidence < 1
    assert "expected between 2026-06-28 and 2026-07-03" in by_payment[ids[3]].root_cause_analysis


def test_a_chain_that_goes_round_ends():
    edge = {
        "score": 0.5, "type": "settles", "reason": "", "kind": "posting", "key": "k", "source": "s",
        "document": "", "amount": "1", "currency": "GBP", "day": "2026-01-01", "description": "",
        "sibling": None,
    }  # fmt: skip
    edges = [
        {**edge, "relationship": "1", "effect": "a", "cause": "b"},
        {**edge, "relationship": "2", "effect": "b", "cause": "a"},
        {**edge, "relationship": "3", "effect": "b", "cause": "c", "score": 0.1},
    ]
    off = {
        "relationship": "r", "what": "late", "confidence": 2.0, "usual": None, "rhythm": None,
        "since": "2026-01-01", "until": "2026-01-02", "party": None, "amount": "1",
        "currency": "GBP", "day": "2025-12-01", "key": "k", "source": "s", "document": "",
        "source_event": "a", "target_event": "x", "other": None,
        "other_source_event": None, "other_target_event": None,
    }  # fmt: skip
    [row] = root_cause.explain([off, off], edges)
    assert [step["cause"] for step in row["chain"]] == ["b", "c"]
    assert row["confidence"] == 1.0
    assert "an unknown party" in row["root_cause_analysis"]
