"""The adoption from end to end: one transaction, which writes all that comes or nothing."""

import time
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections, transaction
from psycopg import Cursor

from graph import tenant_lookup
from graph.adopting import folding, hanging, reading, sources, writing
from graph.adopting.judging import judge
from graph.adopting.old import BOOKS
from graph.adopting.outcome import Adopted, counted, fan_out, types
from graph.adopting.statements import run
from graph.adopting.survey import LayerPlan, Plan, plans
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
    """Bring the old tables of this schema over (of another database where `url` is one).

    `only` these tenants, or all; `currency` for amounts that state none; `flow`: the types of
    relationships that move money. With `dry_run` everything happens, and is then rolled back.
    Raises AdoptError, and has then written nothing.
    """
    begun = time.perf_counter()
    try:
        with transaction.atomic(using="owner", durable=True):
            cursor = connections["owner"].connection.cursor()
            with sources.opened(cursor, schema, url) as source:
                read = plans(source.columns(), schema)
                for plan in read:
                    reading.stage(cursor, source, plan, only, currency)
            done = _brought(cursor, {plan.old.name: plan for plan in read}, flow, create_users)
            transaction.set_rollback(dry_run, using="owner")
    except psycopg.Error as error:
        raise AdoptError(f"Nothing was written: {error}") from None
    done.dry_run, done.seconds = dry_run, time.perf_counter() - begun
    return done


def _brought(
    cursor: Cursor[Any], read: dict[str, Plan], flow: Collection[str], create_users: bool
) -> Adopted:
    told = Adopted()
    cursor.execute(IN_BULK)
    whose = _tenants(cursor)
    told.tenants = len(whose)
    for plan in read.values():
        judge(cursor, plan.old)
    for name in BOOKS:
        folding.fold(cursor, read[name].old)
    folding.classify(cursor, flow)
    told.pointers_lost = _hung(cursor, read)
    _written(cursor, read, told)
    writing.follow(cursor, whose)
    _tell(cursor, read, told, whose, create_users)
    return told


def _tenants(cursor: Cursor[Any]) -> list[UUID]:
    """Whose rows there are; nobody else writes theirs until the end (enrichment first: it takes
    both locks in this order)."""
    run(cursor, "tenants")
    whose = [user_id for (user_id,) in cursor.fetchall()]
    with connections["owner"].cursor() as locking:
        for user_id in whose:
            locking.execute(ENRICHING, [f"enrich {user_id}"])
        for user_id in whose:
            alone(locking, user_id)
    return whose


def _layers(read: dict[str, Plan]) -> list[LayerPlan]:
    return [plan for plan in read.values() if isinstance(plan, LayerPlan)]


def _hung(cursor: Cursor[Any], read: dict[str, Plan]) -> int:
    """How many pointers of relationships at patterns lead nowhere."""
    lost = sum(hanging.hang(cursor, plan) for plan in _layers(read))
    missing = [each for each in LAYERS if each.is_pattern and each.table not in read]
    return lost + sum(hanging.unpoint(cursor, layer) for layer in missing)


def _written(cursor: Cursor[Any], read: dict[str, Plan], told: Adopted) -> None:
    """Patterns before the relationships that point at them, facts after those that they are of."""
    *books, relationships = (read[name].old for name in BOOKS)
    patterns = [plan for plan in _layers(read) if plan.layer.is_pattern]
    facts = [plan for plan in _layers(read) if plan not in patterns]
    for old in books:
        told.written[old.name] = writing.book(cursor, old)
    for plan in patterns:
        told.written[plan.old.name] = writing.layer(cursor, plan)
    told.written[relationships.name] = writing.book(cursor, relationships)
    told.repointed = writing.repoint(cursor, patterns)
    for plan in facts:
        told.written[plan.old.name] = writing.layer(cursor, plan)


def _tell(
    cursor: Cursor[Any],
    read: dict[str, Plan],
    told: Adopted,
    whose: Sequence[UUID],
    create_users: bool,
) -> None:
    told.tables = [counted(cursor, plan, told.written[plan.old.name]) for plan in read.values()]
    told.relationship_types = types(cursor)
    told.relationships, told.rows_joined = fan_out(cursor, _layers(read))
    strangers = tenant_lookup.strangers(whose)
    if create_users:
        for user_id in strangers:
            tenant_lookup.find(str(user_id), create=True)
        told.users_made = len(strangers)
    else:
        told.tenants_without_user = [str(user_id) for user_id in strangers]
