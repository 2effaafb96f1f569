import uuid
from collections.abc import Iterator
from itertools import count

import pytest
from django.db import IntegrityError, connections, transaction
from psycopg.sql import SQL, Identifier, Placeholder


@pytest.fixture(autouse=True)
def undone(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Run the test in one transaction and roll it back."""
    with django_db_blocker.unblock():
        with transaction.atomic(using="owner"):
            yield
            transaction.set_rollback(True, using="owner")
        for alias in connections:
            connections[alias].close()


def execute(statement, *parameters):
    """Run the statement and return its rows. An error leaves the test's transaction usable."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def insert(table: str, values: dict) -> uuid.UUID:
    statement = SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
        Identifier(table),
        SQL(", ").join(map(Identifier, values)),
        SQL(", ").join([Placeholder()] * len(values)),
    )
    return execute(statement, *values.values())[0][0]


def refused(values: dict, table: str, by: str) -> None:
    """Assert that PostgreSQL refuses to insert these values into the table, and that the error
    names the rule `by`."""
    with pytest.raises(IntegrityError) as refusal:
        insert(table, values)
    assert refusal.value.__cause__.diag.constraint_name == by


class Books:
    """The books of one tenant: rows that others refer to, and a valid row for every table."""

    def __init__(self) -> None:
        self.user_id = uuid.uuid4()
        self._keys = count()
        self.event, self.other_event, self.later_event = (self.made("raw_events") for _ in range(3))
        self.standing = self.made("normalized_entities", merged_into_id=None)
        self.entity = self.made("normalized_entities")
        self.temporal = self.made("temporal_patterns")
        self.seasonal = self.made("seasonal_patterns")
        self.pattern = self.made("relationship_patterns")
        self.relationship = self.made("relationship_instances", relationship_type="payment")
        self.original = self.made("relationship_instances", relationship_type="refund")
        self.case = self.made("payment_cases")

    def made(self, table: str, **other) -> uuid.UUID:
        return insert(table, self.row(table, **other))

    def row(self, table: str, **other) -> dict:
        """A valid row of this tenant for the table, with the values of `other` in place of its
        own."""
        return {"user_id": self.user_id, **getattr(self, table)(str(next(self._keys))), **other}

    def raw_events(self, key):
        return {
            "source": "test",
            "platform": "ledger",
            "external_id": key,
            "transaction_ref": "t",
            "occurred_at": "2024-01-31",
            "amount": "-1.5000",
            "currency": "GBP",
        }

    def normalized_entities(self, key):
        return {
            "kind": "vendor",
            "name": "Acme",
            "identity": f"acme {key}",
            "merged_into_id": getattr(self, "standing", None),
        }

    def entity_matches(self, key):
        return {
            "event_id": self.event,
            "entity_id": self.entity,
            "confidence": 0.5,
            "original_entity_id": self.standing,
        }

    def entity_resolutions(self, key):
        return {
            "kept_id": self.standing,
            "merged_id": self.entity,
            "confidence": 0.5,
            "reason": "alike",
            "decided": "open",
        }

    def enrichments(self, key):
        return {"wanted_at": "2024-01-31", "done_for": "2024-01-30"}

    def asked_questions(self, key):
        return {
            "question": "importance",
            "parameters": "{}",
            "digest": key,
            "version": "1",
            "job_id": f"{key}:1",
        }

    def repeated_requests(self, key):
        return {"key": key, "digest": "d", "status": 202, "answer": "{}"}

    def saved_mappings(self, key):
        return {"layout": str(key), "name": "ours", "toml": "name = 1"}

    def searched_groups(self, key):
        return {"key": key, "digest": "d", "found": "[]"}

    def relationship_instances(self, key):
        return {
            "source_event_id": self.event,
            "target_event_id": self.other_event,
            "relationship_type": f"type {key}",
            "edge_class": "flow",
            "confidence_score": 0.5,
            "detection_method": "test",
            "temporal_pattern_id": self.temporal,
            "seasonal_pattern_id": self.seasonal,
            "pattern_id": self.pattern,
            "canonical_id": getattr(self, "relationship", None),
        }

    def temporal_patterns(self, key):
        return {
            "key": key,
            "recurrence_score": 0.5,
            "recurrence_frequency": "monthly",
            "last_occurrence": "2024-01-31",
        }

    def seasonal_patterns(self, key):
        return {"key": key, "seasonal_strength": 0.5, "seasonal_months": [1, 12]}

    def relationship_patterns(self, key):
        return {"key": key, "pattern_name": "rent", "pattern_confidence": 0.5}

    def causal_relationships(self, key):
        return {"relationship_id": self.relationship, "causal_direction": "forward"}

    def cross_platform_relationships(self, key):
        return {"relationship_id": self.relationship, "platform_sources": ["card", "ledger"]}

    def predicted_relationships(self, key):
        return {
            "relationship_id": self.relationship,
            "prediction_confidence": 0.5,
            "prediction_reason": "monthly",
            "expected_from": "2024-02-28",
            "expected_to": "2024-02-28",
            "amount_low": 5,
            "amount_high": 5,
            "currency": "GBP",
            "fulfilled_by_event_id": self.later_event,
        }

    def root_cause_analyses(self, key):
        return {
            "relationship_id": self.relationship,
            "root_cause_analysis": "The lease ended.",
            "confidence": 0.5,
        }

    def event_delta_logs(self, key):
        return {
            "relationship_id": self.relationship,
            "event_key": f"test {key}",
            "change_type": "modified",
        }

    def payment_cases(self, key):
        return {
            "kind": "paid_twice",
            "reason": "the same party, number and amount",
            "confidence": 0.9,
            "party": "Acme",
            "amount_at_risk": 5,
            "currency": "GBP",
            "extra_payments": 1,
            "first_day": "2024-01-31",
            "last_day": "2024-02-28",
            "row_keys": [f"test {key}"],
        }

    def payment_case_rows(self, key):
        return {"case_id": self.case, "relationship_id": self.original, "role": "original"}

    def payment_case_entries(self, key):
        return {"case_id": self.case, "action": "found", "by": "enrichment", "state": "open"}

    def tenant_preferences(self, key):
        return {"time_zone": "Europe/London"}

    def duplicate_transactions(self, key):
        return {
            "relationship_id": self.relationship,
            "original_relationship_id": self.original,
            "duplicate_confidence": 0.5,
        }


@pytest.fixture
def books() -> Books:
    return Books()
