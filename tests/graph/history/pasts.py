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
from graph.reading import current_rows, differences
from graph.reading.change_feed import EDGE
from graph.reading.differences import Between

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


def by_snapshots(before: Contents, after: Contents) -> dict[str, dict[str, Any]]:
    """What differs between two snapshots, by part and id: "added", "removed", or the names of the
    fields that differ."""
    return {
        "entities": _differing(_nodes(before), _nodes(after)),
        "edges": _differing(_edges(before), _edges(after)),
    }


def by_history(user: UUID, since: datetime, until: datetime | None, most: int) -> Any:
    """The same, read from the history in pages."""
    changes: dict[str, dict[str, Any]] = {"entities": {}, "edges": {}}
    after, pages = None, 0
    while pages == 0 or after is not None:
        answer, after = differences.differences(user, Between(since, until), most=most, after=after)
        pages += 1
        for part, of_part in changes.items():
            rows = answer[part]
            assert {*rows["changed_fields"]} == {row["id"] for row in rows["changed"]}
            of_part.update({row["id"]: "added" for row in rows["added"]})
            of_part.update(dict.fromkeys(rows["removed"], "removed") | rows["changed_fields"])
    kinds = [
        kind if isinstance(kind, str) else "changed"
        for part in changes.values()
        for kind in part.values()
    ]
    counts = answer["counts"]
    assert {name: kinds.count(name) for name in differences.CHANGES} == {
        name: counts["entities"][name] + counts["edges"][name] for name in differences.CHANGES
    }
    assert pages == max(1, -(-len(kinds) // most))
    return changes


def _differing(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {
        **dict.fromkeys(after.keys() - before, "added"),
        **dict.fromkeys(before.keys() - after, "removed"),
    }
    for key in before.keys() & after:
        fields = sorted(name for name in after[key] if before[key][name] != after[key][name])
        changes |= {key: fields} if fields else {}
    return changes


def _nodes(contents: Contents) -> dict[str, Any]:
    rows = {key: row for (table, key), row in contents.items() if table == "normalized_entities"}
    return {
        key: {name: row[name] for name in ("id", "kind", "name")}
        for key, row in rows.items()
        if row["merged_into_id"] is None
    }


def _edges(contents: Contents) -> dict[str, Any]:
    return {
        key: {name.removesuffix("_entity_id"): row[name] for name in EDGE}
        for (table, key), row in contents.items()
        if table == TENANT_VIEW
    }
