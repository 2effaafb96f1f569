"""Writes the staged rows into finley's tables."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.adopting.attach_layers import is_pair, new
from graph.adopting.check_tables import LayerPlan
from graph.adopting.old_tables import Old
from graph.adopting.statements import run

OF_NEW = ("relationship_id", "original_relationship_id")  # these and the id come from `new_…`
NOT_READ = frozenset({"merged_into_id", "fulfilled_by_event_id"})


def book(cursor: Cursor[Any], old: Old) -> int:
    """Write the staged rows of one table of the books. Return the number of rows written."""
    names = _columns(old)
    values: dict[str, Composable] = {
        name: Identifier("old", name) for name in names if name not in old.ours
    }
    for name in old.ours & set(names):
        values[name] = _first_value(old, name)
    return run(cursor, "book", old, **_parts(values))


def layer(cursor: Cursor[Any], plan: LayerPlan) -> int:
    """Write the staged rows of one layer. Return the number of rows written."""
    old = plan.old
    values: dict[str, Composable] = {
        name: Identifier("old", name) for name in _columns(old) if name not in old.ours
    }
    for name in ("id", *OF_NEW):
        if name in values:
            values[name] = Identifier("new", name)
    if plan.layer.is_pattern:
        values["key"] = SQL("'adopted ' || old.id::text")
    elif old.extras and not plan.is_direct:
        values[old.extras] = SQL("old.{} || jsonb_build_object('adopted_from', old.id)").format(
            Identifier(old.extras)
        )
    count = run(cursor, "layer", old, new=new(old), **_parts(values))
    if is_pair(old):
        run(cursor, "pair_keys", new=new(old))
    return count


def repoint(cursor: Cursor[Any], patterns: Sequence[LayerPlan]) -> int:
    """Set the missing pointers to patterns of relationships that were in finley before the
    adoption.

    Returns the number of pointers set.
    """
    return sum(run(cursor, "repointed", pointer=plan.layer.pointer) for plan in patterns)


def follow(cursor: Cursor[Any], tenants: Sequence[UUID]) -> None:
    """Point the tenants' matches of merged entities to the entities that those were merged into."""
    for user_id in tenants:
        cursor.execute(sql.read("resolution/follow"), {"user_id": user_id})


def _columns(old: Old) -> list[str]:
    columns = (str(field.column) for field in old.model._meta.concrete_fields)
    return [name for name in columns if name not in NOT_READ]


def _first_value(old: Old, name: str) -> Composable:
    """Return SQL for the value with which the column `name`, which finley computes, is first
    written.

    That is the staged value of `identity` or `edge_class`. It is NULL or '' for another column.
    """
    if name in {"identity", "edge_class"}:
        return Identifier("old", name)
    field = next(f for f in old.model._meta.concrete_fields if f.column == name)
    return SQL("NULL") if field.null else Literal("")


def _parts(values: Mapping[str, Composable]) -> dict[str, Composable]:
    return {
        "columns": SQL(", ").join(map(Identifier, values)),
        "values": SQL(", ").join(values.values()),
    }
