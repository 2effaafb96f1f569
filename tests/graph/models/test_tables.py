"""The rules that the database keeps, each tried with SQL as the owner.

Every rule meets a row that is right but for the one value that breaks it.
"""

import json
import uuid
from collections.abc import Iterator
from importlib import import_module
from itertools import count

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connections, models, transaction
from django.db.utils import DataError
from psycopg.sql import SQL, Identifier, Placeholder

KEYS = [
    key
    for name in ("0002_tenants_apart", "0003_entities_that_are_one", "0013_what_rows_record")
    for key in import_module(f"graph.migrations.{name}").KEYS
]
TABLES = {
    model._meta.db_table: model
    for model in apps.get_app_config("graph").get_models()
    if model._meta.managed and any(field.name == "user_id" for field in model._meta.fields)
}
FIELDS = [(table, field) for table, model in TABLES.items() for field in model._meta.fields]
DAYS = ("interval_mean_days", "interval_spread_days")
SCORES = [
    (table, field.column)
    for table, field in FIELDS
    if isinstance(field, models.FloatField) and field.name not in DAYS
]
CHOICES = [(table, field.column) for table, field in FIELDS if field.choices]


@pytest.fixture(autouse=True)
def undone(django_db_setup, django_db_blocker) -> Iterator[None]:
    """One transaction a test, taken back after it."""
    with django_db_blocker.unblock():
        with transaction.atomic(using="owner"):
            yield
            transaction.set_rollback(True, using="owner")
        for alias in connections:
            connections[alias].close()


def execute(statement, *parameters):
    """The rows; a refusal leaves the test's transaction usable."""
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
    """The row is refused, and the rule that refuses it is named."""
    with pytest.raises(IntegrityError) as refusal:
        insert(table, values)
    assert refusal.value.__cause__.diag.constraint_name == by


class Books:
    """One tenant's books: what other rows point at, and a right row for every table."""

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
        """A row of this tenant that breaks no rule, but for what `other` puts in its place."""
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


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_breaks_no_rule_is_taken(table, books):
    assert books.made(table)


@pytest.mark.parametrize(("table", "column"), SCORES)
def test_a_score_is_within_0_and_1(table, column, books):
    for wrong in (-0.001, 1.001, "NaN", "Infinity", "-Infinity"):
        refused(books.row(table, **{column: wrong}), table, by=f"{table}_{column}_0_1")
    for right in (0, 1):
        assert Books().made(table, **{column: right})


@pytest.mark.parametrize(("table", "column"), CHOICES)
def test_a_word_is_from_its_list(table, column, books):
    (choices,) = (f.choices for t, f in FIELDS if (t, f.column) == (table, column))
    for wrong in ("", "unheard-of", choices[0][0].upper(), f" {choices[0][0]}"):
        refused(books.row(table, **{column: wrong}), table, by=f"{table}_{column}_known")


ENDED = {"finished_at": "2024-01-31", "expires_at": "2024-02-01"}
CHECKS = [
    *(
        ("seasonal_patterns", {"seasonal_months": months}, "seasonal_patterns_months_1_12")
        for months in ([0], [13], [1, 13], [-1], [None])
    ),
    *(
        (table, {"currency": wrong}, f"{table}_currency_iso")
        for table in ("raw_events", "predicted_relationships", "payment_cases")
        for wrong in ("gbp", "GB", "GBPS", "", "GBP\n", "ÄÖÜ", "123")
    ),
    ("raw_events", {"amount": 1, "currency": None}, "raw_events_amount_has_currency"),
    ("raw_events", {"amount": "NaN"}, "raw_events_amount_finite"),
    ("raw_events", {"balance": "NaN"}, "raw_events_balance_finite"),
    *(
        ("relationship_instances", {"allocated": wrong}, "relationship_instances_allocated_finite")
        for wrong in (-1, "NaN")
    ),
    *(
        ("payment_cases", {"amount_at_risk": wrong}, "payment_cases_at_risk")
        for wrong in (-1, "NaN")
    ),
    *(
        ("payment_cases", {"amount_recovered": wrong}, "payment_cases_recovered")
        for wrong in (-1, "NaN")
    ),
    ("payment_cases", {"row_keys": []}, "payment_cases_keys_stated"),
    ("payment_cases", {"extra_payments": -1}, "payment_cases_extra_payments_check"),
    ("temporal_patterns", {"occurrences": -1}, "temporal_patterns_occurrences_check"),
    ("raw_events", {"source": ""}, "raw_events_key_stated"),
    ("raw_events", {"external_id": ""}, "raw_events_key_stated"),
    ("normalized_entities", {"name": ""}, "normalized_entities_named"),
    ("normalized_entities", {"identity": ""}, "normalized_entities_named"),
    (
        "relationship_instances",
        {"relationship_type": ""},
        "relationship_instances_type_stated",
    ),
    ("relationship_patterns", {"pattern_name": ""}, "relationship_patterns_named"),
    ("cross_platform_relationships", {"platform_sources": []}, "cross_platform_sources_stated"),
    (
        "predicted_relationships",
        {"expected_from": "2024-03-01"},
        "predicted_relationships_days_ordered",
    ),
    ("predicted_relationships", {"amount_low": 6}, "predicted_relationships_amounts_ordered"),
    (
        "predicted_relationships",
        {"amount_high": "NaN"},
        "predicted_relationships_amounts_finite",
    ),
    (
        "predicted_relationships",
        {"amount_low": None, "currency": None},
        "predicted_relationships_amounts_have_currency",
    ),
    ("seasonal_patterns", {"seasonal_months": []}, "seasonal_patterns_months_stated"),
    ("entity_resolutions", {"decided": "merge"}, "entity_resolutions_person_when"),
    ("entity_resolutions", {"decided_at": "2024-01-31"}, "entity_resolutions_person_when"),
    ("enrichments", {"done_for": "2024-02-01"}, "enrichments_not_ahead"),
    *(
        ("repeated_requests", {"status": status}, "repeated_requests_succeeded")
        for status in (199, 300, 500)
    ),
    ("repeated_requests", {"status": -1}, "repeated_requests_status_check"),
    *(
        ("asked_questions", wrong, f"asked_questions_{rule}")
        for rule, wrong in (
            ("while_running", {"status": "running", "started_at": "2024-01-31"}),
            ("while_running", {"status": "running", "lease_until": "2024-01-31"}),
            ("while_running", {"lease_until": "2024-01-31"}),
            ("when_ended", {"status": "done", "answer": "{}", "finished_at": "2024-01-31"}),
            ("when_ended", {"finished_at": "2024-01-31"}),
            ("with_answer", {"answer": "{}"}),
            ("with_answer", {"status": "done", **ENDED}),
            ("why_failed", {"status": "failed", "failure": "broken", **ENDED}),
            ("why_failed", {"status": "failed", "error": "It is.", **ENDED}),
            ("why_failed", {"error": "It is."}),
            ("wished_away", {"status": "cancelled", **ENDED}),
            ("tries_check", {"tries": -1}),
        )
    ),
]


@pytest.mark.parametrize(("table", "wrong", "rule"), CHECKS)
def test_a_value_that_cannot_be_is_refused(table, wrong, rule, books):
    refused(books.row(table, **wrong), table, by=rule)


def test_an_amount_too_great_for_the_column_is_refused(books):
    for wrong in ("Infinity", "-Infinity", 10**16, -(10**16)):
        with pytest.raises(DataError, match="numeric field overflow"):
            books.made("raw_events", amount=wrong)
    books.made("raw_events", amount="9999999999999999.9999")
    books.made("raw_events", amount="-9999999999999999.9999")


def test_an_event_need_not_have_an_amount(books):
    assert books.made("raw_events", amount=None, currency=None)


UNIQUE = [
    ("raw_events", "raw_events_source_key"),
    ("normalized_entities", "normalized_entities_identity_key"),
    ("entity_matches", "entity_matches_event_entity_key"),
    ("relationship_instances", "relationship_instances_ends_key"),
    ("temporal_patterns", "temporal_patterns_key_key"),
    ("seasonal_patterns", "seasonal_patterns_key_key"),
    ("relationship_patterns", "relationship_patterns_key_key"),
    ("causal_relationships", "causal_relationships_one_each"),
    ("cross_platform_relationships", "cross_platform_one_each"),
    ("duplicate_transactions", "duplicate_transactions_pair_key"),
    ("entity_resolutions", "entity_resolutions_pair_key"),
    ("enrichments", "enrichments_user_key"),
    ("tenant_preferences", "tenant_preferences_user_key"),
    ("payment_case_rows", "payment_case_rows_key"),
    ("saved_mappings", "saved_mappings_layout_key"),
    ("searched_groups", "searched_groups_key_key"),
    ("asked_questions", "asked_questions_once"),
    ("repeated_requests", "repeated_requests_key_key"),
]


@pytest.mark.parametrize(("table", "key"), UNIQUE)
def test_a_key_is_taken_once_in_a_tenant_and_again_in_another(table, key, books):
    row = books.row(table)
    insert(table, row)
    refused(row, table, by=key)
    other = Books()
    own_ends = {k: v for k, v in other.row(table).items() if isinstance(v, uuid.UUID)}
    assert insert(table, row | own_ends)


def test_a_transaction_may_have_several_postings(books):
    row = books.row("raw_events")
    assert len({insert("raw_events", row | {"posting": n}) for n in (1, 2, 3)}) == 3


def test_a_pair_of_duplicates_is_one_in_either_order_and_never_of_one(books):
    ends = {"relationship_id": books.relationship, "original_relationship_id": books.original}
    books.made("duplicate_transactions", **ends)
    turned = dict(zip(ends, reversed(ends.values()), strict=True))
    for pair in (ends, turned):
        row = books.row("duplicate_transactions", **pair)
        refused(row, "duplicate_transactions", by="duplicate_transactions_pair_key")
    alone = books.row("duplicate_transactions", original_relationship_id=books.relationship)
    refused(alone, "duplicate_transactions", by="duplicate_transactions_two_ends")


def test_a_pair_of_entities_is_one_in_either_order_and_never_of_one(books):
    books.made("entity_resolutions")
    turned = books.row("entity_resolutions", kept_id=books.entity, merged_id=books.standing)
    refused(turned, "entity_resolutions", by="entity_resolutions_pair_key")
    alone = books.row("entity_resolutions", merged_id=books.standing)
    refused(alone, "entity_resolutions", by="entity_resolutions_two_entities")


def test_an_event_names_an_entity_once_and_once_more_through_a_merged_one(books):
    books.made("entity_matches", original_entity_id=None)
    again = books.row("entity_matches", original_entity_id=None)
    refused(again, "entity_matches", by="entity_matches_event_entity_key")
    assert books.made("entity_matches")


def test_no_relationship_is_its_own_canonical_one(books):
    with pytest.raises(IntegrityError, match="relationship_instances_not_its_own_canonical"):
        execute(
            "UPDATE relationship_instances SET canonical_id = id WHERE id = %s", books.relationship
        )


def test_a_view_counts_itself_when_the_one_that_counted_is_taken_out(books):
    """Soft deletion of the canonical row; a link's has no such effect."""
    view = books.made("relationship_instances")
    select = "SELECT canonical_id FROM relationship_instances WHERE id = %s"
    assert execute(select, view) == [(books.relationship,)]
    take_out = "UPDATE relationship_instances SET deleted_at = now() WHERE id = %s"
    execute(take_out, books.relationship)
    assert execute(select, view) == [(None,)]


def test_no_entity_is_merged_into_itself(books):
    with pytest.raises(IntegrityError, match="normalized_entities_not_into_itself"):
        execute("UPDATE normalized_entities SET merged_into_id = id WHERE id = %s", books.entity)


@pytest.mark.parametrize(("table", "column", "to", "on_delete"), KEYS)
def test_no_row_points_at_another_tenants(table, column, to, on_delete, books):
    theirs = Books().row(table)[column]
    rule = f"{table}_{column}_tenant_fkey"
    refused(books.row(table, **{column: theirs}), table, by=rule)
    refused(books.row(table, **{column: uuid.uuid4()}), table, by=rule)


@pytest.mark.parametrize(("table", "column", "to", "on_delete"), KEYS)
def test_what_goes_when_a_row_goes(table, column, to, on_delete, books):
    """CASCADE takes the row along; SET NULL empties its pointer and nothing else of it."""
    row_id, pointer = books.made(table), books.row(table)[column]
    select = SQL("SELECT to_jsonb(it) FROM {} AS it WHERE id = %s").format(Identifier(table))
    before = json.loads(execute(select, row_id)[0][0])
    assert execute(SQL("DELETE FROM {} WHERE id = %s RETURNING 1").format(Identifier(to)), pointer)
    after = [json.loads(row) for (row,) in execute(select, row_id)]
    assert before[column] == str(pointer)
    assert after == ([] if on_delete == "CASCADE" else [before | {column: None}])


def test_an_event_takes_along_all_but_the_log_of_its_changes(books):
    facts = [table for table in TABLES if "relationship_id" in books.row(table)]
    row_ids = {table: books.made(table) for table in ("entity_matches", *facts)}
    execute("DELETE FROM raw_events WHERE id = %s", books.event)
    remaining = {
        table: execute(SQL("SELECT id FROM {} WHERE id = %s").format(Identifier(table)), row_id)
        for table, row_id in row_ids.items()
    }
    assert [table for table, rows in remaining.items() if rows] == ["event_delta_logs"]
    logged = "SELECT user_id, relationship_id, event_key FROM event_delta_logs WHERE id = %s"
    ((user_id, relationship, key),) = execute(logged, row_ids["event_delta_logs"])
    assert (user_id, relationship) == (books.user_id, None)
    assert key
    assert execute("SELECT id FROM relationship_instances WHERE user_id = %s", books.user_id) == []
    text = "SELECT id FROM normalized_entities WHERE user_id = %s"
    assert set(execute(text, books.user_id)) == {(books.standing,), (books.entity,)}


def test_one_tenants_deletion_is_no_others(books):
    other = Books()
    execute("DELETE FROM raw_events WHERE user_id = %s", books.user_id)
    rows = execute("SELECT user_id FROM relationship_instances")
    assert {user_id for (user_id,) in rows} == {other.user_id}


def test_every_pointer_has_its_key_and_every_key_is_in_the_database():
    pointers = {
        (table, field.column, field.related_model._meta.db_table)
        for table, field in FIELDS
        if isinstance(field, models.ForeignKey)
    }
    assert {key[:3] for key in KEYS} == pointers
    rows = execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
        list(TABLES),
    )
    key_names = {f"{table}_{column}_tenant_fkey" for table, column, *_ in KEYS}
    assert {name for (name,) in rows} == key_names


def test_every_rule_in_the_database_is_tried_here():
    rows = execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = ANY(%s::regclass[]) "
        "UNION SELECT indexrelid::regclass::text FROM pg_index "
        "WHERE indisunique AND NOT indisprimary AND indrelid = ANY(%s::regclass[])",
        list(TABLES),
        list(TABLES),
    )
    rules = {
        *(f"{table}_{column}_0_1" for table, column in SCORES),
        *(f"{table}_{column}_known" for table, column in CHOICES),
        *(rule for *_, rule in CHECKS),
        *(key for _, key in UNIQUE),
        "duplicate_transactions_two_ends",
        "entity_resolutions_two_entities",
        "normalized_entities_not_into_itself",
        "relationship_instances_not_its_own_canonical",
    }
    tenant_keys = {f"{to}_tenant_key" for _, _, to, _ in KEYS}  # what the composite keys point at
    assert {name for (name,) in rows} == rules | tenant_keys


def test_the_migrations_say_all_that_the_models_say(capsys):
    call_command("makemigrations", "--check", "--dry-run")
    assert capsys.readouterr().out == "No changes detected\n"
