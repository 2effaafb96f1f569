"""Counts what an adoption did with each old row: selected, already there, or skipped for a
reason."""

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
    """What an adoption did with the rows of one old table, as counts of rows.

    `rows` = `brought` + `already_there` + the sum of `skipped`, whose keys are the reasons.
    `brought` rows were selected to be written. `written` is the number of rows that finley's table
    got: more than `brought` if a layer's old row is about several relationships. `by` names the
    columns that say which relationship a layer's row is about. It is empty for the books. `kept`
    names the old columns that finley does not have and whose values are stored as JSON. `left`
    names those whose values are not stored.
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
    """The result of an adoption, as counts.

    `tables` has one entry per old table, `written` the number of rows written by table, and
    `relationship_types` (type, edge class, count) of the adopted relationships. `relationships`
    counts the live ones, and `rows_joined` the rows of their join with all old layer tables
    (`fan_out`). `repointed` counts relationships already in finley that got a pattern.
    `pointers_lost` counts pointers to patterns that do not exist. `users_made` counts the users
    created for tenants. `seconds` is the time that the adoption took.
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
    """Return the result for one old table, of which `written` rows were written.

    Raises AdoptError if fewer rows were written than were selected. The transaction is then rolled
    back.
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
    """Return (number of live relationships, number of rows in their join with all old layer
    tables).

    A relationship has one row in that join per combination of its layers' rows.
    """
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
