"""Writes patterns to their table and lets relationships point at them. Obsolete patterns are
removed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from psycopg.sql import SQL, Composable, Identifier

from graph import sql
from graph.database.bulk import AS_USUAL, IN_BULK, alone
from graph.database.tenancy import tenant_transaction
from graph.enrich.write import column_sql
from graph.enrich.write.counts import Counts
from graph.layers import BY_NAME

STAGING = """
    CREATE TEMPORARY TABLE pattern_members (relationship_id uuid, key text);
    CREATE TEMPORARY TABLE pattern_keys (key text)
"""
UNSTAGED = "DROP TABLE pattern_members, pattern_keys"


@dataclass(frozen=True)
class Shared:
    """One pattern: its key, its other columns, and the ids of the relationships that follow it."""

    key: str
    columns: Mapping[str, Any]
    members: Sequence[str]


def write(user_id: UUID, layer: str, model: type[Model], patterns: Sequence[Shared]) -> Counts:
    """Make the layer's patterns of the tenant equal to `patterns`, in one transaction. Return how
    many were added, changed and removed.

    No two patterns may have the same key or a member in common. A row with unchanged columns is not
    changed, so its id stays.
    """
    names = list(patterns[0].columns) if patterns else []
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        cursor.execute(STAGING)
        members = ((member, pattern.key) for pattern in patterns for member in pattern.members)
        _stage(connection, "pattern_members (relationship_id, key)", members)
        _stage(connection, "pattern_keys (key)", ((pattern.key,) for pattern in patterns))
        cursor.execute("ANALYZE pattern_members, pattern_keys")
        cursor.execute(IN_BULK)
        added, changed = _rows(cursor, user_id, model, names, patterns) if patterns else (0, 0)
        _execute(cursor, "enrich/pattern_members", user_id, _places(layer))
        _execute(cursor, "enrich/pattern_gone", user_id, _places(layer))
        removed = cursor.rowcount
        cursor.execute(UNSTAGED)
        cursor.execute(AS_USUAL)
    return Counts(added, changed, removed)


def _stage(connection: BaseDatabaseWrapper, table: str, rows: Iterable[tuple[str, ...]]) -> None:
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY {table} FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _rows(
    cursor: CursorWrapper,
    user_id: UUID,
    model: type[Model],
    names: list[str],
    patterns: Sequence[Shared],
) -> tuple[int, int]:
    rows = json.dumps(
        [{"key": pattern.key, **pattern.columns} for pattern in patterns], default=str
    )
    _execute(cursor, "enrich/pattern_rows", user_id, column_sql.parts(model, "key", names), rows)
    added, changed = cursor.fetchone()
    return added, changed


def _execute(
    cursor: CursorWrapper, name: str, user_id: UUID, parts: dict[str, Composable], rows: str = ""
) -> None:
    query = SQL(sql.read(name)).format(**parts)
    cursor.execute(query.as_string(cursor.connection), {"user_id": user_id, "rows": rows})


def _places(layer: str) -> dict[str, Composable]:
    declared = BY_NAME[layer]
    return {"table": Identifier(declared.table), "pointer": Identifier(declared.pointer)}
