"""Runs an adoption in one transaction, which writes all rows or none."""

import time
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections, transaction
from psycopg import Cursor

from graph import tenant_lookup
from graph.adopting import attach_layers, copy_tables, merge_rows, old_database, write_rows
from graph.adopting.adoption_counts import Adopted, counted, fan_out, types
from graph.adopting.check_tables import LayerPlan, Plan, plans
from graph.adopting.old_tables import BOOKS
from graph.adopting.statements import run
from graph.adopting.unstorable_rows import judge
from graph.database.bulk import IN_BULK, alone
from graph.errors import AdoptError
from graph.layers import LAYERS

FLOW = ("payment",)
ENRICHING = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def adopt(
    schema: str,
    url: str = "",
    *,
    only: Sequence[UUID] = (),
    currency: str = "",
    flow: Collection[str] = FLOW,
    create_users: bool = False,
    dry_run: bool = False,
) -> Adopted:
    """Import the old tables of this schema, from another database if `url` is not empty.

    `only` limits it to these tenants. `currency` is used for amounts without one. `flow` lists the
    types of relationships that move money. With `dry_run` everything is rolled back at the end. If
    it raises AdoptError, nothing is written.
    """
    start = time.perf_counter()
    try:
        with transaction.atomic(using="owner", durable=True):
            cursor = connections["owner"].connection.cursor()
            with old_database.opened(cursor, schema, url) as source:
                read = plans(source.columns(), schema)
                for plan in read:
                    copy_tables.stage(cursor, source, plan, only, currency)
            outcome = _brought(cursor, {plan.old.name: plan for plan in read}, flow, create_users)
            transaction.set_rollback(dry_run, using="owner")
    except psycopg.Error as error:
        raise AdoptError(f"Nothing was written: {error}") from None
    outcome.dry_run, outcome.seconds = dry_run, time.perf_counter() - start
    return outcome


def _brought(
    cursor: Cursor[Any], read: dict[str, Plan], flow: Collection[str], create_users: bool
) -> Adopted:
    adopted = Adopted()
    cursor.execute(IN_BULK)
    user_ids = _tenants(cursor)
    adopted.tenants = len(user_ids)
    for plan in read.values():
        judge(cursor, plan.old)
    for name in BOOKS:
        merge_rows.merge(cursor, read[name].old)
    merge_rows.classify(cursor, flow)
    adopted.pointers_lost = _attached(cursor, read)
    _written(cursor, read, adopted)
    write_rows.follow(cursor, user_ids)
    _summarize(cursor, read, adopted, user_ids, create_users)
    return adopted


def _tenants(cursor: Cursor[Any]) -> list[UUID]:
    """Return the tenants of the staged rows, and take both locks of each until the transaction
    ends.

    Enrichment takes the same locks in the same order.
    """
    run(cursor, "tenants")
    user_ids = [user_id for (user_id,) in cursor.fetchall()]
    with connections["owner"].cursor() as locking:
        for user_id in user_ids:
            locking.execute(ENRICHING, [f"enrich {user_id}"])
        for user_id in user_ids:
            alone(locking, user_id)
    return user_ids


def _layers(read: dict[str, Plan]) -> list[LayerPlan]:
    return [plan for plan in read.values() if isinstance(plan, LayerPlan)]


def _attached(cursor: Cursor[Any], read: dict[str, Plan]) -> int:
    """Find which relationships each layer's old rows are about, in temporary tables.

    Returns the number of pointers to patterns that do not exist. They are set to NULL.
    """
    lost = sum(attach_layers.attach(cursor, plan) for plan in _layers(read))
    missing = [layer for layer in LAYERS if layer.is_pattern and layer.table not in read]
    return lost + sum(attach_layers.clear_pointers(cursor, layer) for layer in missing)


def _written(cursor: Cursor[Any], read: dict[str, Plan], adopted: Adopted) -> None:
    """Write the staged rows, and note in `adopted` how many rows each table got.

    Patterns are written before the relationships that refer to them, facts after their
    relationships.
    """
    *books, relationships = (read[name].old for name in BOOKS)
    patterns = [plan for plan in _layers(read) if plan.layer.is_pattern]
    facts = [plan for plan in _layers(read) if plan not in patterns]
    for old in books:
        adopted.written[old.name] = write_rows.book(cursor, old)
    for plan in patterns:
        adopted.written[plan.old.name] = write_rows.layer(cursor, plan)
    adopted.written[relationships.name] = write_rows.book(cursor, relationships)
    adopted.repointed = write_rows.repoint(cursor, patterns)
    for plan in facts:
        adopted.written[plan.old.name] = write_rows.layer(cursor, plan)


def _summarize(
    cursor: Cursor[Any],
    read: dict[str, Plan],
    adopted: Adopted,
    user_ids: Sequence[UUID],
    create_users: bool,
) -> None:
    adopted.tables = [
        counted(cursor, plan, adopted.written[plan.old.name]) for plan in read.values()
    ]
    adopted.relationship_types = types(cursor)
    adopted.relationships, adopted.rows_joined = fan_out(cursor, _layers(read))
    strangers = tenant_lookup.strangers(user_ids)
    if create_users:
        for user_id in strangers:
            tenant_lookup.find(str(user_id), create=True)
        adopted.users_made = len(strangers)
    else:
        adopted.tenants_without_user = [str(user_id) for user_id in strangers]
