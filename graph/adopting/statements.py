"""The statements of `graph/sql/adopt/*.sql`, with their names and words put in."""

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.adopting.old import Old

ALREADY = "already there"


def run(
    cursor: Cursor[Any], name: str, old: Old | None = None, /, **parts: Composable | str
) -> int:
    """Run `adopt/<name>`; how many rows it (its last statement) wrote or gave.

    `{staged}`, `{table}`, `{already}` are known; of the other parts a string is an identifier.
    """
    known: dict[str, Composable | str] = {"already": Literal(ALREADY)}
    if old:
        known |= {"staged": old.staged, "table": old.name}
    given = {
        key: Identifier(part) if isinstance(part, str) else part
        for key, part in (known | parts).items()
    }
    cursor.execute(SQL(sql.read(f"adopt/{name}")).format(**given))
    return cursor.rowcount


def listed(names: tuple[str, ...] | list[str], row: str = "") -> Composable:
    """Column names, with the row's alias if one is given."""
    prefix = (row,) if row else ()
    return SQL(", ").join(Identifier(*prefix, name) for name in names)
