"""One row of each table of the graph, for the tests of the admin."""

from uuid import uuid4

from django.utils import timezone

from graph import models
from graph.models.tenant_row import TenantRow
from syncjobs.models import (
    Delivery,
    DeliveryEndpoint,
    ProjectTask,
    ReplayBatch,
    TenantExport,
    Upload,
)
from tests.graph import rows
from tests.syncjobs import run_rows


def all_layers(user) -> dict[type, TenantRow]:
    """Create a payment between two entities with a row of every layer, and one row of each other
    table. Return the rows: model → row."""
    payer, payee = rows.entity(user, "Adult Care", "department"), rows.entity(user, "ACME Ltd")
    source, target = rows.event(user, payer, amount=-1), rows.event(user, payee)
    patterns = patterns_of(user)
    relationship = rows.relationship(user, source, target, **patterns)
    original = rows.relationship(user, rows.event(user, payer, amount=-1), rows.event(user, payee))
    created = [
        rows.asked(user),
        source,
        payer,
        models.EntityMatch.objects.using("owner").get(event=source),
        relationship,
        *patterns.values(),
        *explanations_of(user, relationship),
        *changes_of(user, relationship, original),
        resolution_of(user, payee),
        rows.add(models.Enrichment, user_id=user, wanted_at=rows.DAY),
        rows.add(models.TenantPreference, user_id=user, time_zone="Europe/London"),
        rows.add(models.SavedMapping, user_id=user, layout="<b>", name="<b>", toml="<b>"),
        *case_of(user, relationship),
        *ledger_of(user),
    ]
    return {type(row): row for row in created}


def with_evidence(user) -> dict:
    return {"user_id": user, "evidence": {"why": ["<b>é</b>"]}}


def patterns_of(user) -> dict[str, TenantRow]:
    evidence = with_evidence(user)
    return {
        "temporal_pattern": rows.add(
            models.TemporalPattern,
            **evidence,
            key="acme monthly",
            recurrence_score=0.9,
            recurrence_frequency="monthly",
            last_occurrence=rows.DAY.date(),
        ),
        "seasonal_pattern": rows.add(
            models.SeasonalPattern,
            **evidence,
            key="acme winter",
            seasonal_strength=0.5,
            seasonal_months=[1, 12],
        ),
        "pattern": rows.add(
            models.RelationshipPattern,
            **evidence,
            key="acme rent",
            pattern_name="rent",
            pattern_confidence=0.5,
        ),
    }


def explanations_of(user, relationship) -> list[TenantRow]:
    about = {**with_evidence(user), "relationship": relationship}
    return [
        rows.add(models.CausalRelationship, **about, causal_score=0.5, causal_direction="forward"),
        rows.add(models.CrossPlatformRelationship, **about, platform_sources=["ledger", "card"]),
        rows.add(
            models.PredictedRelationship,
            **about,
            prediction_confidence=0.5,
            prediction_reason="monthly",
            status="overdue",
        ),
        rows.add(models.RootCauseAnalysis, **about, root_cause_analysis="rent", confidence=0.5),
    ]


def changes_of(user, relationship, original) -> list[TenantRow]:
    return [
        rows.add(
            models.EventDeltaLog,
            user_id=user,
            relationship=relationship,
            event_key="test 1",
            change_type="created",
        ),
        rows.add(
            models.DuplicateTransaction,
            **with_evidence(user),
            relationship=relationship,
            original_relationship=original,
            duplicate_confidence=0.5,
        ),
    ]


def resolution_of(user, kept) -> TenantRow:
    return rows.add(
        models.EntityResolution,
        user_id=user,
        kept=kept,
        merged=rows.entity(user, "Acme <b>"),
        confidence=0.8,
        reason="alike <b>",
        evidence=with_evidence(user)["evidence"],
        decided="open",
    )


def case_of(user, relationship) -> list:
    """Create a case of one row, with its history. Return the rows."""
    case = rows.add(
        models.PaymentCase,
        user_id=user,
        kind="paid_twice",
        reason="alike <b>",
        confidence=0.9,
        party="Acme <b>",
        amount_at_risk=5,
        currency="GBP",
        extra_payments=1,
        first_day=rows.DAY.date(),
        last_day=rows.DAY.date(),
        row_keys=["test 1"],
        evidence={"why": ["<b>é</b>"]},
    )
    about = {"user_id": user, "case": case}
    return [
        case,
        rows.add(models.PaymentCaseRow, **about, relationship=relationship, role="extra"),
        rows.add(models.PaymentCaseEntry, **about, action="found", by="<b>", state="open"),
    ]


def ledger_of(user) -> list:
    """Create a connection with a run, an attempt, an item and a failure, and one row of each other
    table of syncs. Return the rows."""
    hostile = {"page": "<b>"}
    connection = run_rows.connection(user, cursor=hostile)
    run = run_rows.run(connection, payload=hostile, progress=hostile, error="broken <b>")
    address = "owner@example.org"
    endpoint = rows.add(
        DeliveryEndpoint, user_id=user, name="<b>", channel="email", address=address
    )
    edited = [{"payload": hostile, "by": "<b>", "at": "2024-01-31"}]
    return [
        connection,
        run,
        run_rows.attempt(run, error="broken <b>", traceback="<b>"),
        run_rows.item(connection, metadata=hostile, name="<b>"),
        run_rows.failure(
            connection, run=run, error="broken <b>", payload=hostile, payload_history=edited
        ),
        run_rows.duty(found=hostile, error="broken <b>"),
        rows.add(TenantExport, user_id=user, requested_by="<b>"),
        rows.add(Upload, user_id=user, name="<b>", size=1, choices=hostile, uploaded_by="<b>"),
        endpoint,
        rows.add(
            Delivery, user_id=user, endpoint_id=endpoint.pk, event="<b>", title="<b>", body="{}"
        ),
        rows.add(ReplayBatch, by_name="<b>"),
        rows.add(
            ProjectTask,
            id=uuid4(),
            path="<b>",
            args='["<b>"]',
            kwargs="{}",
            backend="default",
            queue="<b>",
            priority=0,
            max_tries=1,
            backoff=1,
            enqueued_at=timezone.now(),
        ),
    ]
