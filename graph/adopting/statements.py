"""Formats and runs the statements of `graph/sql/adopt/*.sql`."""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.adopting.old_tables import Old

ALREADY = "already there"


def run(
    cursor: Cursor[Any], name: str, old: Old | None = None, /, **parts: Composable | str
) -> int:
    """Run the SQL file `adopt/<name>` and return the row count of its last statement.

    The placeholders `{staged}` and `{table}` stand for the tables of `old`, `{already}` for its
    constant. `parts` has the other placeholders; a string becomes an identifier.
    """
    standard: dict[str, Composable | str] = {"already": Literal(ALREADY)}
    if old:
        standard |= {"staged": old.staged, "table": old.name}
    composed = {
        key: Identifier(part) if isinstance(part, str) else part
        for key, part in (standard | parts).items()
    }
    cursor.execute(SQL(sql.read(f"adopt/{name}")).format(**composed))
    return cursor.rowcount


def listed(names: tuple[str, ...] | list[str], row: str = "") -> Composable:
    """Return the column names as SQL, separated by commas, each behind the alias `row` if that is
    not empty."""
    prefix = (row,) if row else ()
    return SQL(", ").join(Identifier(*prefix, name) for name in names)
