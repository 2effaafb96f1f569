"""Which tables can be distributed by tenant, and which of their keys one shard alone cannot keep.

A shard has all rows of some tenants. A unique key or a foreign key can be checked inside one shard
only if it contains `user_id`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from django.db.backends.utils import CursorWrapper

from graph import sql

REFERENCE = ("view_refreshes",)  # small, and read together with tenants' rows: a copy on each node
_BY_WORKERS = "Workers lock rows of all tenants in one statement (FOR UPDATE SKIP LOCKED)."
_OF_SYNCS = "Belongs to sync_connections or sync_runs, which stay on the coordinator."
_OF_FILES = "Workers claim uploads and exports of all tenants; the pieces go with them."
_OF_MESSAGES = "Workers claim deliveries of all tenants; endpoints and rules go with them."
_OF_PEOPLE = "People, their tokens and rights, which are looked up before a tenant is known."
_OF_DJANGO = "Django's own table, without rows of tenants."
_OF_OPERATORS = "Operators' rows, without a tenant."

# Tables that stay on the coordinator, each with the reason.
STAYS: Mapping[str, str] = {
    "alert_rules": _OF_MESSAGES,
    "asked_questions": _BY_WORKERS,
    "auth_group": _OF_PEOPLE,
    "auth_group_permissions": _OF_PEOPLE,
    "auth_permission": _OF_PEOPLE,
    "deliveries": _OF_MESSAGES,
    "delivery_endpoints": _OF_MESSAGES,
    "django_admin_log": _OF_DJANGO,
    "django_content_type": _OF_DJANGO,
    "django_migrations": _OF_DJANGO,
    "django_session": _OF_PEOPLE,
    "duties": _OF_OPERATORS,
    "external_items": _OF_SYNCS,
    "finley_apitoken": _OF_PEOPLE,
    "finley_erasure": _OF_PEOPLE,
    "finley_membership": _OF_PEOPLE,
    "finley_secondfactor": _OF_PEOPLE,
    "finley_user": _OF_PEOPLE,
    "finley_user_groups": _OF_PEOPLE,
    "finley_user_user_permissions": _OF_PEOPLE,
    "job_attempts": _OF_SYNCS,
    "job_failures": "Has failures without a tenant: its user_id may be NULL.",
    "knox_authtoken": _OF_PEOPLE,
    "project_tasks": _OF_OPERATORS,
    "replay_batches": _OF_OPERATORS,
    "replay_items": _OF_OPERATORS,
    "saved_filters": _OF_OPERATORS,
    "sync_connections": _BY_WORKERS,
    "sync_runs": _BY_WORKERS,
    "tenant_export_pieces": _OF_FILES,
    "tenant_exports": _OF_FILES,
    "upload_pieces": _OF_FILES,
    "uploads": _OF_FILES,
    "worker_processes": _OF_OPERATORS,
}

_DJANGO_KEY = "Django's primary key is one column. `distribute` makes it (user_id, id)."
_SETS_NULL = (
    "PostgreSQL clears the pointer when the row it names is deleted. Citus refuses ON DELETE SET "
    "NULL on distributed tables, so `distribute` drops the constraint."
)
# Keys of distributed tables that one shard alone cannot keep, each with the reason.
EXCEPTIONS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "causal_relationships_pkey",
            "change_marks_pkey",
            "cross_platform_relationships_pkey",
            "duplicate_transactions_pkey",
            "enrichments_pkey",
            "entity_matches_pkey",
            "entity_resolutions_pkey",
            "event_delta_logs_pkey",
            "normalized_entities_pkey",
            "payment_case_entries_pkey",
            "payment_case_rows_pkey",
            "payment_cases_pkey",
            "predicted_relationships_pkey",
            "raw_events_pkey",
            "recorded_transactions_pkey",
            "relationship_instances_pkey",
            "relationship_patterns_pkey",
            "repeated_requests_pkey",
            "root_cause_analyses_pkey",
            "saved_mappings_pkey",
            "searched_groups_pkey",
            "seasonal_patterns_pkey",
            "temporal_patterns_pkey",
            "tenant_preferences_pkey",
        ),
        _DJANGO_KEY,
    ),
    **dict.fromkeys(
        (
            "entity_matches_original_entity_id_tenant_fkey",
            "event_delta_logs_relationship_id_tenant_fkey",
            "normalized_entities_merged_into_id_tenant_fkey",
            "predicted_relationships_fulfilled_by_event_id_tenant_fkey",
            "relationship_instances_canonical_id_tenant_fkey",
            "relationship_instances_pattern_id_tenant_fkey",
            "relationship_instances_seasonal_pattern_id_tenant_fkey",
            "relationship_instances_temporal_pattern_id_tenant_fkey",
        ),
        _SETS_NULL,
    ),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a distributed table. `kind` is `primary key`, `unique key`, `foreign key` or
    `set null` (a foreign key that clears its columns when the row is deleted)."""

    table: str
    name: str
    kind: str


def distributed(cursor: CursorWrapper) -> list[str]:
    """Return the tables to distribute by `user_id`, each after those to which it refers.

    Raises graphlib.CycleError if two tables refer to each other.
    """
    tables = {table: refers_to for table, refers_to in _tables(cursor) if _moves(table)}
    order = TopologicalSorter(
        {
            table: [other for other in refers_to if other in tables]
            for table, refers_to in tables.items()
        }
    )
    return list(order.static_order())


def exceptions(cursor: CursorWrapper) -> list[Key]:
    """Return the keys of distributed tables that one shard alone cannot keep."""
    tables = distributed(cursor)
    cursor.execute(sql.read("distribution/keys_without_tenant"), {"tables": tables})
    return [Key(*row) for row in cursor.fetchall()]


def problems(cursor: CursorWrapper) -> Iterator[str]:
    """Yield a sentence for each table or key without a reason, and for each reason without its
    table or key."""
    tables = dict(_tables(cursor))
    cursor.execute(sql.read("database/tenant_tables"), {"of_users": []})
    of_tenants = {table for table, _ in cursor.fetchall()}
    for table in sorted(tables.keys() - of_tenants - STAYS.keys() - set(REFERENCE)):
        yield f"The table {table} has no user_id and no reason in STAYS."
    for table in sorted({*STAYS, *REFERENCE} - tables.keys()):
        yield f"The table {table} is listed but does not exist."
    yield from _problems_of_keys({key.name: key for key in exceptions(cursor)})
    for table, refers_to in tables.items():
        for other in refers_to:
            if _moves(table) and not _moves(other) and other not in REFERENCE:
                yield f"The distributed table {table} refers to {other}, which is not distributed."


def _problems_of_keys(keys: Mapping[str, Key]) -> Iterator[str]:
    for name in sorted(keys.keys() - EXCEPTIONS.keys()):
        key = keys[name]
        yield f"The {key.kind} {name} of {key.table} has no reason in EXCEPTIONS."
    for name in sorted(EXCEPTIONS.keys() - keys.keys()):
        yield f"The key {name} is listed but is no exception."


def _tables(cursor: CursorWrapper) -> list[tuple[str, list[str]]]:
    cursor.execute(sql.read("distribution/tables"))
    return [(table, refers_to) for table, refers_to in cursor.fetchall()]


def _moves(table: str) -> bool:
    return table not in STAYS and table not in REFERENCE
