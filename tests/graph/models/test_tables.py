"""The rules that the database keeps, each tried with SQL as the owner.

Every rule meets a row that is right but for the one value that breaks it.
"""

import uuid
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.utils import DataError

from tests.graph.models.conftest import Books, execute, insert, refused

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
