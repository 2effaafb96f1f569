"""Finds the relationships that each old layer row is about, and picks one row per relationship."""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph.adopting.check_tables import POINTED_AT, LayerPlan
from graph.adopting.merge_rows import reference_parts
from graph.adopting.old_tables import POINTERS, Old
from graph.adopting.statements import listed, run
from graph.layers import Layer

LIVE = "relationship.deleted_at IS NULL"
ORIGINAL = "original_relationship_id"
Parts = dict[str, Composable | str]
# SQL over `old`, the layer's row, and `relationship`, a candidate relationship.
BY_RELATIONSHIP = "relationship.twin = old.relationship_id"
BY_TYPE = f"relationship.relationship_type = old.relationship_type AND {LIVE}"
OF_ORIGINAL = {
    ORIGINAL: f"original.twin = old.{ORIGINAL}",
    "original_event_id": "original.source_event_id = old.original_event_id "
    "AND original.relationship_type = relationship.relationship_type "
    "AND original.deleted_at IS NULL",
}


def attach(cursor: Cursor[Any], plan: LayerPlan) -> int:
    """Create two temporary tables for one layer, and return the number of pointers set to NULL.

    `attached_<table>` has each old row beside every relationship that it is about. `new_<table>`
    has the rows to write. A relationship's pointer is set to NULL if the pattern that it refers to
    does not exist.
    """
    old = plan.old
    run(cursor, "enriched", old)
    for column in plan.way:
        if column in POINTERS:
            _resolve_reference(cursor, old, column)
    run(cursor, "foreign", old)
    if plan.layer.is_pattern:
        return _shared(cursor, plan)
    _facts(cursor, plan)
    return 0


def clear_pointers(cursor: Cursor[Any], layer: Layer) -> int:
    """Set the relationships' pointers to a pattern layer to NULL, because the layer has no old
    table. Return the number of relationships that had one."""
    return run(cursor, "unpointed", pointer=layer.pointer)


def _resolve_reference(cursor: Cursor[Any], old: Old, column: str) -> None:
    target = POINTERS[column]
    condition: Composable = SQL("true")
    if may_have_no_relationship(old):
        run(cursor, "astray_log", old, column=column, target=f"old_{target}")
        condition = SQL("old.{} IS NOT NULL").format(Identifier(column))
    run(cursor, "astray", old, **reference_parts(column, target), asked=condition)
    run(cursor, "led", old, column=column, target=f"old_{target}")


def may_have_no_relationship(old: Old) -> bool:
    fields = dict(old.fields())
    return "relationship_id" in fields and fields["relationship_id"].null


def _shared(cursor: Cursor[Any], plan: LayerPlan) -> int:
    old, layer = plan.old, plan.layer
    run(cursor, "attached", old, attached_table=attached_table(old), on=_is_about(plan))
    run(
        cursor,
        "picked",
        old,
        attached_table=attached_table(old),
        picked=picked(old),
        **_order(layer),
    )
    run(cursor, "new_patterns", old, picked=picked(old), new=new(old))
    lost = run(cursor, "pointers_astray", picked=picked(old), pointer=layer.pointer)
    run(cursor, "pointers", old, picked=picked(old), pointer=layer.pointer)
    _outcomes(cursor, plan)
    return lost


def _facts(cursor: Cursor[Any], plan: LayerPlan) -> None:
    old, layer = plan.old, plan.layer
    pairs = is_pair(old)
    if pairs:
        parts: Parts = {
            "attached_table": attached_table(old),
            "on": _is_about(plan),
            "on_original": _original(plan),
        }
        run(cursor, "attached_pairs", old, **parts)
    else:
        run(cursor, "attached", old, attached_table=attached_table(old), on=_is_about(plan))
    condition = attached_table(old)
    if pairs or not (plan.is_direct and layer.pick):
        name, condition = "picked_pairs" if pairs else "picked", picked(old)
        run(
            cursor, name, old, attached_table=attached_table(old), picked=condition, **_order(layer)
        )
    run(cursor, "new_facts", old, chosen=condition, new=new(old), id=_id(plan))
    if one := _unique_columns(old):
        run(cursor, "new_same", old, new=new(old), known_one=one("known"), new_one=one("new"))
    if may_have_no_relationship(old):
        _logs(cursor, plan)
    _outcomes(cursor, plan)


def _logs(cursor: Cursor[Any], plan: LayerPlan) -> None:
    run(cursor, "new_logs", plan.old, new=new(plan.old))
    if plan.way[0] in {"source_event_id", "event_id"}:
        run(cursor, "log_keys", column=plan.way[0])


def _outcomes(cursor: Cursor[Any], plan: LayerPlan) -> None:
    layer = plan.layer
    rule = f"another row is picked for its relationship ({layer.pick or layer.prefer})"
    parts: Parts = {
        "new": new(plan.old),
        "attached_table": attached_table(plan.old),
        "only": _only(layer),
    }
    run(cursor, "outcomes", plan.old, beaten=Literal(rule), **parts)


def _is_about(plan: LayerPlan) -> Composable:
    """Return an SQL condition: the layer's row `old` is about the row `relationship`."""
    way = plan.way
    if way == POINTED_AT:
        return SQL("relationship.{} = old.id").format(Identifier(plan.layer.pointer))
    if way[0] == "relationship_id":
        return SQL(BY_RELATIONSHIP)
    if way[0] == "relationship_type":
        return SQL(BY_TYPE)
    ends = {"event_id": "source_event_id"}
    same = [
        SQL("relationship.{} = old.{}").format(Identifier(ends.get(name, name)), Identifier(name))
        for name in way
        if not name.startswith("original")
    ]
    return SQL(" AND ").join([*same, SQL(LIVE)])


def _original(plan: LayerPlan) -> Composable:
    return SQL(OF_ORIGINAL[plan.way[1]])


def _id(plan: LayerPlan) -> Composable:
    """Return SQL for the id (a uuid) of the new row that is made of `old` for one relationship.

    An old row about one relationship keeps its id. For an old row about several, the id is a hash
    of its old id and the relationship's id. So a repeated adoption makes the same ids.
    """
    if plan.is_direct:
        return SQL("old.id")
    return SQL("md5({} || old.id::text || chosen.relationship_id::text)::uuid").format(
        Literal(plan.old.name)
    )


def _unique_columns(old: Old) -> Any:
    """Return a function from a table alias to SQL for the columns whose values may occur only once.

    They are the unordered pair of relationships in a table of pairs, and `relationship_id` in a
    layer with one row a relationship. Returns None for a layer where only the id is unique.
    """
    if is_pair(old):
        return lambda row: SQL("least({0}, {1}), greatest({0}, {1})").format(
            Identifier(row, "relationship_id"), Identifier(row, ORIGINAL)
        )
    if old.layer and not old.layer.pick:
        return lambda row: listed(["relationship_id"], row)
    return None


def is_pair(old: Old) -> bool:
    return ORIGINAL in dict(old.fields())


def _order(layer: Layer) -> dict[str, Composable]:
    return {"only": _only(layer), "pick": SQL(layer.pick or layer.prefer)}


def _only(layer: Layer) -> Composable:
    return SQL(f"({layer.only or 'true'})")


def attached_table(old: Old) -> str:
    return f"attached_{old.name}"


def picked(old: Old) -> str:
    return f"picked_{old.name}"


def new(old: Old) -> str:
    return f"new_{old.name}"
