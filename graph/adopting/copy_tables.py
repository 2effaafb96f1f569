"""Copies an old table to a temporary table with finley's columns, types and defaults."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Field
from django.db.models.functions import Now
from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph.adopting.casts import cast, staged_type
from graph.adopting.check_tables import NEVER_MADE_UP, Plan
from graph.adopting.old_database import Source, table
from graph.adopting.old_tables import Old

# `nr` is a row number. `twin` is the id of the row in finley that the old row becomes. `outcome` is
# the reason why the row is not written, or NULL.
OWN = SQL("nr bigint GENERATED ALWAYS AS IDENTITY, twin uuid, outcome text")
WITH_CURRENCY = {
    "raw_events": SQL("stated.amount IS NOT NULL"),
    "predicted_relationships": SQL("coalesce(stated.amount_low, stated.amount_high) IS NOT NULL"),
}


def stage(
    cursor: Cursor[Any], source: Source, plan: Plan, tenants: Sequence[UUID], currency: str
) -> None:
    """Copy the old table's rows to its staging table: those of `tenants`, or all if it is empty.

    `currency` is used for amounts without one.
    """
    staged = Identifier(plan.old.staged)
    cursor.execute(SQL("CREATE TEMPORARY TABLE {} ({}, {}) ON COMMIT DROP").format(
        staged, OWN, SQL(", ").join(SQL("{} {}").format(Identifier(name), SQL(kind))
                                    for name, kind in _staging_columns(plan.old))))  # fmt: skip
    into = SQL("{} ({})").format(staged, SQL(", ").join(map(Identifier, _read(plan))))
    source.stage(_select(plan, source.schema, tenants, currency), into)
    cursor.execute(SQL("CREATE INDEX ON {} (id)").format(staged))
    cursor.execute(SQL("ANALYZE {}").format(staged))


def _staging_columns(old: Old) -> Iterator[tuple[str, Any]]:
    """Yield (name, PostgreSQL type) of each column of the old table's staging table.

    It also has columns that the old table lacks.
    """
    for field in old.model._meta.concrete_fields:
        yield str(field.column), staged_type(field)
    for name in old.pointers():
        yield name, _type_of_pointer(name)


def _type_of_pointer(name: str) -> str:
    return "text" if name == "relationship_type" else "uuid"


def _read(plan: Plan) -> list[str]:
    pointers = [name for name in plan.old.pointers() if name in plan.columns]
    return [*(name for name, _ in plan.old.fields()), *pointers]


def _select(plan: Plan, schema: str, tenants: Sequence[UUID], currency: str) -> Composable:
    fields = dict(plan.old.fields())
    return SQL("SELECT {} FROM (SELECT {} FROM {}{}) AS stated").format(
        SQL(", ").join(_value(plan, name, fields.get(name), currency) for name in _read(plan)),
        SQL(", ").join(_select_expressions(plan)),
        table(schema, plan.old.name),
        _only(tenants),
    )


def _only(tenants: Sequence[UUID]) -> Composable:
    if not tenants:
        return SQL("")
    ids = SQL(", ").join(Literal(str(tenant)) for tenant in tenants)
    return SQL(" WHERE lower(old.user_id::text) IN ({})").format(ids)


def _select_expressions(plan: Plan) -> Iterator[Composable]:
    """Yield one SELECT expression per column of the staging table: the old column's value converted
    to the column's type, or NULL if the old table lacks it.

    The last expression, `extras`, is JSON with the values of columns that finley does not have.
    """
    for name, kind in _staging_columns(plan.old):
        old_type = plan.columns.get(name) if name in _read(plan) else None
        way = cast(kind, old_type) if old_type else None
        value = SQL(way or "NULL").format(old=Identifier("old", name))
        yield SQL("({})::{} AS {}").format(value, SQL(kind), Identifier(name))
    if plan.old.extras:
        yield SQL("{} AS extras").format(_extras(plan))


def _extras(plan: Plan) -> Composable:
    if not plan.unknown:
        return SQL("'{{}}'::jsonb").format()
    names = [name for name in plan.columns if name not in plan.unknown]
    return SQL("jsonb_strip_nulls(to_jsonb(old) - {}::text[])").format(Literal(names))


def _value(
    plan: Plan, name: str, field: "Field[object, object] | None", currency: str
) -> Composable:
    column = Identifier("stated", name)
    if name == plan.old.extras:
        return SQL(
            "CASE coalesce(jsonb_typeof({0}), 'null') WHEN 'object' THEN {0} "
            "WHEN 'null' THEN '{{}}' ELSE jsonb_build_object({1}, {0}) END || stated.extras"
        ).format(column, Literal(name))
    if name == "currency" and currency and plan.old.name in WITH_CURRENCY:
        return SQL("CASE WHEN {0} THEN coalesce({1}, {2}) ELSE {1} END").format(
            WITH_CURRENCY[plan.old.name], column, Literal(currency)
        )
    default = _default(plan.old, name, field)
    return SQL("coalesce({}, {})").format(column, default) if default else column


def _default(old: Old, name: str, field: "Field[object, object] | None") -> Composable | None:
    if name in NEVER_MADE_UP or field is None:
        return None
    if name in old.defaults:
        return SQL(old.defaults[name])
    if field.null or not field.has_db_default():
        return None
    if isinstance(field.db_default, Now):
        return SQL("now()")
    return _literal(field.db_default, staged_type(field))


def _literal(value: Any, kind: str) -> Composable:
    text = json.dumps(value) if kind == "jsonb" else value
    return SQL("{}::{}").format(Literal(text), SQL(kind))
