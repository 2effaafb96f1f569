"""The books of two tenants, small enough to count by hand, and a server that answers about them."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections

from finley.models import User
from graph import models
from graph.view import refresh
from tests.child_process import Child
from tests.graph import rows

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Books:
    """Sales pays Acme (twice) and Borough; Borough is linked to Cab; Dora has no payments.

    One more payment names no vendor. The first payment to Acme has all nine layers.
    """

    sales: UUID
    acme: UUID
    borough: UUID
    cab: UUID
    dora: UUID
    annotated: UUID
    plain: UUID
    to_borough: UUID
    link: UUID
    unresolved: UUID


def keep_books(user: UUID) -> Books:
    kinds = {"sales": "department", "dora": "employee"}
    names = {
        "sales": "Sales",
        "acme": "Acme 100% Wool",
        "borough": "Borough",
        "cab": "Cab",
        "dora": "Dora",
    }
    parties = {
        short: rows.entity(user, name, kinds.get(short, "vendor")) for short, name in names.items()
    }
    sales, acme, borough, cab = (parties[short] for short in ("sales", "acme", "borough", "cab"))
    source = rows.event(user, sales, amount="-120.5000")
    when = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
    target = rows.event(user, acme, amount="120.5000", document_ref="INV-7", occurred_at=when)
    annotated = rows.relationship(user, source, target, confidence_score=0.8, **patterns(user))
    plain = rows.payment(user, sales, acme, amount=3, confidence_score=0.4)
    add_facts(user, annotated.id, plain)
    return Books(
        **{short: party.id for short, party in parties.items()},
        annotated=annotated.id,
        plain=plain,
        to_borough=rows.payment(user, sales, borough, amount=5, confidence_score=0.5),
        link=rows.payment(user, borough, cab, edge_class="link", relationship_type="follows"),
        unresolved=rows.payment(user, sales),
    )


def patterns(user: UUID) -> dict[str, UUID]:
    temporal = rows.add(
        models.TemporalPattern,
        user_id=user,
        key="rent",
        recurrence_score=0.9,
        recurrence_frequency="monthly",
        last_occurrence="2024-02-29",
        next_predicted_occurrence="2024-03-29",
    )
    seasonal = rows.add(
        models.SeasonalPattern,
        user_id=user,
        key="heating",
        seasonal_strength=0.25,
        seasonal_months=[1, 12],
    )
    template = rows.add(
        models.RelationshipPattern,
        user_id=user,
        key="rent",
        pattern_name="rent",
        pattern_confidence=0.75,
    )
    return {
        "temporal_pattern_id": temporal.id,
        "seasonal_pattern_id": seasonal.id,
        "pattern_id": template.id,
    }


def add_facts(user: UUID, relationship: UUID, original: UUID) -> None:
    facts = {
        models.CausalRelationship: {"causal_score": 0.6, "causal_direction": "forward"},
        models.CrossPlatformRelationship: {"platform_sources": ["card", "ledger"]},
        models.PredictedRelationship: {
            "prediction_confidence": 0.5,
            "prediction_reason": "monthly",
            "expected_from": "2024-03-28",
            "expected_to": "2024-03-30",
            "amount_low": "120.5000",
            "amount_high": "121.0000",
            "currency": "GBP",
        },
        models.RootCauseAnalysis: {"root_cause_analysis": "The lease rose.", "confidence": 0.5},
        models.EventDeltaLog: {"event_key": "test 1", "change_type": "modified"},
        models.DuplicateTransaction: {
            "original_relationship_id": original,
            "duplicate_confidence": 0.7,
        },
    }
    for model, values in facts.items():
        rows.add(model, user_id=user, relationship_id=relationship, **values)


@pytest.fixture
def both_books(tenant: User, other_tenant: User) -> tuple[Books, Books]:
    """The tenant's books and equal books of the other tenant, both in the view."""
    both = keep_books(tenant.id), keep_books(other_tenant.id)
    refresh.refresh()
    return both


@pytest.fixture
def books(both_books: tuple[Books, Books]) -> Books:
    return both_books[0]


@pytest.fixture
def their_books(both_books: tuple[Books, Books]) -> Books:
    return both_books[1]


@pytest.fixture(scope="session")
def server(django_db_setup) -> Iterator[str]:
    """finley's address. It is served by a process of its own on the test database."""
    with serving() as process:
        yield process.address


@dataclass
class Server:
    address: str
    pid: int


@contextmanager
def serving(**environment: str) -> Iterator[Server]:
    """Run finley by uvicorn on the test database, in a process of its own, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = "http://127.0.0.1:{1}".format(*listening.getsockname())
        with _process(listening, environment) as pid:
            yield Server(address, pid)


@contextmanager
def _process(listening: socket.socket, environment: dict[str, str]) -> Iterator[int]:
    database = connections["owner"].settings_dict["NAME"]
    process = Child(
        [sys.executable, "-m", "tests.graph.api.serve", database, str(listening.fileno())],
        cwd=ROOT,
        pass_fds=[listening.fileno()],
        env=os.environ | environment,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)
