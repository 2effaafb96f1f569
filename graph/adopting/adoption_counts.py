"""Counts the result of an adoption: old rows = brought + already there + skipped."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier

from graph.adopting.attach_layers import attached_table
from graph.adopting.check_tables import POINTED_AT, LayerPlan, Plan
from graph.adopting.statements import ALREADY, run
from graph.errors import AdoptError


@dataclass(frozen=True, slots=True)
class Table:
    """The result for one old table.

    `written` is the number of finley's rows that the brought rows became. `by` has the columns by
    which a layer's rows name their relationships. `kept` lists the columns unknown to finley whose
    values are stored as JSON, and `left` those that are not read.
    """

    name: str
    rows: int
    brought: int
    written: int
    already_there: int
    skipped: dict[str, int]
    by: list[str]
    kept: list[str]
    left: list[str]


@dataclass(slots=True)
class Adopted:
    """The result of an adoption.

    `rows_joined` is the number of rows that a join of the live `relationships` with all old layer
    tables gives.
    """

    dry_run: bool = False
    seconds: float = 0.0
    tenants: int = 0
    tables: list[Table] = field(default_factory=list)
    written: dict[str, int] = field(default_factory=dict)
    relationship_types: list[tuple[str, str, int]] = field(default_factory=list)
    relationships: int = 0
    rows_joined: int = 0
    repointed: int = 0
    pointers_lost: int = 0
    users_made: int = 0
    tenants_without_user: list[str] = field(default_factory=list)


def counted(cursor: Cursor[Any], plan: Plan, written: int) -> Table:
    """The table's result.

    Raises AdoptError if the counts do not add up. Nothing is written then.
    """
    run(cursor, "counts", plan.old)
    outcomes: dict[str | None, int] = dict(cursor.fetchall())
    rows, selected = sum(outcomes.values()), outcomes.pop(None, 0)
    already = outcomes.pop(ALREADY, 0)
    if (plan.old.layer is None and written != selected) or written < selected:
        raise AdoptError(
            f"Nothing was written: {selected} rows of {plan.old.name} should have been written, "
            f"but {written} were."
        )
    skipped = {str(reason): count for reason, count in outcomes.items()}
    unmapped, dropped = (plan.unknown, ()) if plan.old.extras else ((), plan.unknown)
    return Table(
        plan.old.name,
        rows,
        selected,
        written,
        already,
        skipped,
        _by(plan),
        list(unmapped),
        list(dropped),
    )


def _by(plan: Plan) -> list[str]:
    if not isinstance(plan, LayerPlan):
        return []
    if plan.way == POINTED_AT:
        return [f"relationship_instances.{plan.layer.pointer}"]
    return list(plan.way)


def types(cursor: Cursor[Any]) -> list[tuple[str, str, int]]:
    run(cursor, "types")
    return cursor.fetchall()


def fan_out(cursor: Cursor[Any], layers: Iterable[LayerPlan]) -> tuple[int, int]:
    """Return the number of live relationships, and the number of rows that joining all layers' old
    rows to them gives."""
    tables = [attached_table(plan.old) for plan in layers]
    run(
        cursor,
        "fan_out",
        product=SQL(" * ").join([SQL("1::numeric"), *map(_times, tables)]),
        joins=SQL("\n").join(map(_join, tables)),
    )
    relationships, rows = cursor.fetchone() or (0, 0)
    return relationships, rows


def _times(table: str) -> Composable:
    return SQL("coalesce({}.size, 1)").format(Identifier(table))


def _join(table: str) -> Composable:
    return SQL(
        "LEFT JOIN (SELECT relationship_id, count(*) AS size FROM {0} GROUP BY relationship_id) "
        "AS {0} ON {0}.relationship_id = relationship.twin"
    ).format(Identifier(table))
