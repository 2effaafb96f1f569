"""Both ends and every layer's row of one tenant only: composite foreign keys.

Django cannot state them. `ON DELETE SET NULL (pattern_id)` names its column (PostgreSQL 15),
or user_id would be nulled too.
"""

from django.db import migrations

GOES = "CASCADE"

KEYS = [
    ("entity_matches", "event_id", "raw_events", GOES),
    ("entity_matches", "entity_id", "normalized_entities", GOES),
    ("relationship_instances", "source_event_id", "raw_events", GOES),
    ("relationship_instances", "target_event_id", "raw_events", GOES),
    ("relationship_instances", "temporal_pattern_id", "temporal_patterns", "SET NULL"),
    ("relationship_instances", "seasonal_pattern_id", "seasonal_patterns", "SET NULL"),
    ("relationship_instances", "pattern_id", "relationship_patterns", "SET NULL"),
    ("causal_relationships", "relationship_id", "relationship_instances", GOES),
    ("cross_platform_relationships", "relationship_id", "relationship_instances", GOES),
    ("predicted_relationships", "relationship_id", "relationship_instances", GOES),
    ("predicted_relationships", "fulfilled_by_event_id", "raw_events", "SET NULL"),
    ("root_cause_analyses", "relationship_id", "relationship_instances", GOES),
    ("event_delta_logs", "relationship_id", "relationship_instances", "SET NULL"),
    ("duplicate_transactions", "relationship_id", "relationship_instances", GOES),
    ("duplicate_transactions", "original_relationship_id", "relationship_instances", GOES),
]


def add(table: str, column: str, to: str, on_delete: str) -> str:
    action = f"SET NULL ({column})" if on_delete == "SET NULL" else on_delete
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_tenant_fkey "
        f"FOREIGN KEY (user_id, {column}) REFERENCES {to} (user_id, id) ON DELETE {action}"
    )


class Migration(migrations.Migration):
    dependencies = [("graph", "0001_initial")]

    operations = [
        migrations.RunSQL(
            add(*key), f"ALTER TABLE {key[0]} DROP CONSTRAINT {key[0]}_{key[1]}_tenant_fkey"
        )
        for key in KEYS
    ]
