"""What a tenant's transaction reads: every recorded table, and every relationship of the view."""

import json
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connections
from psycopg.sql import SQL, Identifier, Literal

from graph.database import past
from graph.database.past import Past
from graph.history.recorded_tables import recorded_tables
from graph.models.view_sql import TENANT_VIEW
from graph.reading import current_rows

Contents = dict[tuple[str, str], dict[str, Any]]


def now() -> datetime:
    """The database's clock."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def read(user: UUID) -> Contents:
    """The tenant's rows by table and id, those of the past if the context reads that."""
    with current_rows.snapshot(user) as reader:
        rows = reader.rows(_everything(), {"user_id": user})
    contents = {(row["of_table"], row["id"]): json.loads(row["content"]) for row in rows}
    assert len(contents) == len(rows)
    return contents


def read_at(user: UUID, moment: datetime) -> Contents:
    with past.reading(Past(moment)):
        return read(user)


@cache
def _everything() -> str:
    query = SQL(
        "SELECT {} AS of_table, id::text AS id, (to_jsonb(one) - 'shared_key')::text AS content "
        "FROM {} AS one WHERE user_id = %(user_id)s"
    )
    tables = (*recorded_tables(), TENANT_VIEW)
    parts = [query.format(Literal(name), Identifier(name)) for name in tables]
    return SQL(" UNION ALL ").join(parts).as_string()
