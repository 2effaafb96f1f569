"""Finds old rows that break the rules of finley's tables, and notes the reason for each."""

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.models import DecimalField, Field, IntegerField
from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.adopting.casts import staged_type
from graph.adopting.check_tables import is_needed
from graph.adopting.old_tables import Old
from graph.models.choices import (
    CausalDirection,
    ChangeType,
    DuplicateStatus,
    EdgeClass,
    EntityKind,
    EventKind,
    Frequency,
    Precision,
    PredictionStatus,
    Records,
)

Reason = tuple[str, Composable]  # a sentence, and the SQL condition that selects its rows
NOBODY = "00000000-0000-0000-0000-000000000000"  # the id for all tenants together

# Sentences for rules other than lists of allowed values.
RULES = {
    "raw_events_amount_has_currency": "an amount without a currency (name one with --currency)",
    "raw_events_amount_finite": "amount is not a number below 10^16",
    "raw_events_balance_finite": "balance is not a number below 10^16",
    "relationship_instances_not_its_own_canonical": "it counts as its own other view",
    "relationship_instances_allocated_finite": "allocated is not a number below 10^16",
    "raw_events_key_stated": "source or external_id is empty",
    "normalized_entities_named": "name is empty",
    "normalized_entities_not_into_itself": "it is merged into itself",
    "relationship_instances_type_stated": "relationship_type is empty",
    "seasonal_patterns_months_1_12": "seasonal_months has a value that is not a month (1 to 12)",
    "seasonal_patterns_months_stated": "seasonal_months is empty",
    "relationship_patterns_named": "pattern_name is empty",
    "cross_platform_sources_stated": "platform_sources is empty",
    "predicted_relationships_days_ordered": "expected_from is later than expected_to",
    "predicted_relationships_amounts_ordered": "amount_low is more than amount_high",
    "predicted_relationships_amounts_finite": "an amount is not a number below 10^16",
    "predicted_relationships_amounts_have_currency":
        "an amount without a currency (name one with --currency)",
    "duplicate_transactions_two_ends": "it is its own original",
}  # fmt: skip
WORDS = {
    "raw_events_kind": EventKind,
    "raw_events_precision": Precision,
    "raw_events_records": Records,
    "normalized_entities_kind": EntityKind,
    "relationship_instances_edge_class": EdgeClass,
    "temporal_patterns_recurrence_frequency": Frequency,
    "causal_relationships_causal_direction": CausalDirection,
    "predicted_relationships_status": PredictionStatus,
    "event_delta_logs_change_type": ChangeType,
    "duplicate_transactions_status": DuplicateStatus,
}


def judge(cursor: Cursor[Any], old: Old) -> None:
    """Set `outcome` of each staged row that finley cannot store to the first reason that
    applies."""
    reasons = [*_missing(old), *_out_of_range(old), *_rules(cursor, old)]
    cursor.execute(
        SQL(sql.read("adopt/judged")).format(
            staged=Identifier(old.staged),
            reasons=SQL(" ").join(
                SQL("WHEN {} THEN {}").format(condition, Literal(words))
                for words, condition in reasons
            ),
            any=SQL(" OR ").join(condition for _, condition in reasons),
        )
    )
    cursor.execute(SQL(sql.read("adopt/repeated_ids")).format(staged=Identifier(old.staged)))


def _missing(old: Old) -> Iterator[Reason]:
    for name, field in old.fields():
        if is_needed(old, name):
            words = "is missing or not a UUID" if staged_type(field) == "uuid" else "is missing"
            yield f"{name} {words}", SQL("{} IS NULL").format(Identifier(name))
    yield "user_id is zero", SQL("user_id = {}").format(Literal(NOBODY))


def _out_of_range(old: Old) -> Iterator[Reason]:
    for name, field in old.fields():
        words, condition = RANGES.get(staged_type(field), ("", ""))
        if words:
            limits = {name: Literal(value) for name, value in _limits(field).items()}
            column = SQL(condition).format(Identifier(name), **limits)
            yield f"{name} {words}", column


# Staged type → the sentence about a wrong value, and its condition.
RANGES = {
    "float8": ("is not a number", "NOT abs({0}) < 'Infinity'"),
    "numeric": ("is not a number below 10^16", "NOT abs({0}) < {limit}"),
    "bigint": ("is out of range", "{0} NOT BETWEEN {least} AND {most}"),
    "timestamptz": (
        "is outside the years 1 to 9999",
        "{0} NOT BETWEEN '0001-01-02 UTC' AND '9999-12-30 UTC'",
    ),
    "date": (
        "is outside the years 1 to 9999",
        "{0} NOT BETWEEN '0001-01-01' AND '9999-12-31'",
    ),
    "jsonb": ("is not JSON of the right kind", "jsonb_typeof({0}) <> {shape}"),
}


def _limits(field: "Field[Any, Any]") -> dict[str, Any]:
    if isinstance(field, DecimalField):
        return {"limit": 10 ** (field.max_digits - field.decimal_places)}
    if isinstance(field, IntegerField):
        kind = field.get_internal_type()
        least, most = connections["owner"].ops.integer_field_range(kind)
        return {"least": least, "most": most}
    if staged_type(field) == "jsonb":
        return {"shape": "array" if isinstance(field.db_default, list) else "object"}
    return {}


def _rules(cursor: Cursor[Any], old: Old) -> Iterator[Reason]:
    cursor.execute(sql.read("adopt/rules"), {"table": old.name})
    for name, rule in cursor.fetchall():
        yield in_words(old.name, name), SQL("NOT ({})").format(SQL(rule))


def in_words(table: str, rule: str) -> str:
    """Return a sentence for people that says how a row breaks the table's constraint `rule`."""
    column = rule.removeprefix(f"{table}_")
    if rule in RULES:
        return RULES[rule]
    if column.endswith("_0_1"):
        return f"{column.removesuffix('_0_1')} is not a number from 0 to 1"
    if column.endswith("_iso"):
        return f"{column.removesuffix('_iso')} is not a code of three capital letters"
    if (words := WORDS.get(rule.removesuffix("_known"))) is not None:
        return f"{column.removesuffix('_known')} is none of {', '.join(words.values)}"
    return f"the row breaks the rule {rule}"
