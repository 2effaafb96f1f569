"""Reads the old tables from a schema of finley's own database, or from another database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg
from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier

from graph import sql
from graph.adopting.check_tables import Columns
from graph.adopting.old_tables import tables
from graph.errors import AdoptError

# One read-only snapshot of all tables, and settings that make values portable.
SESSION = """
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL TimeZone = 'UTC';
    SET LOCAL DateStyle = 'ISO';
    SET LOCAL extra_float_digits = 3
"""


class Source(Protocol):
    schema: str

    def columns(self) -> dict[str, Columns]:
        """Return old table → its columns with their types, for each old table that exists."""

    def stage(self, rows: Composable, into: Composable) -> None:
        """Write the rows of the SELECT `rows` to the staging table and columns `into`, such as
        `old_x (id)`."""


class LocalSchema:
    """Old tables in a schema of finley's own database, which the owner's role reads."""

    def __init__(self, cursor: Cursor[Any], schema: str) -> None:
        self._cursor, self.schema = cursor, schema

    def columns(self) -> dict[str, Columns]:
        raw_events = Identifier(self.schema, "raw_events").as_string(self._cursor)
        self._cursor.execute(
            "SELECT to_regclass('raw_events')::oid, to_regclass(%s)::oid", [raw_events]
        )
        ours, theirs = self._cursor.fetchone() or (None, None)
        if ours == theirs:
            raise AdoptError(f"The schema {self.schema!r} contains finley's own tables.")
        return _columns(self._cursor, self.schema)

    def stage(self, rows: Composable, into: Composable) -> None:
        self._cursor.execute(SQL("INSERT INTO {} {}").format(into, rows))


class RemoteSchema:
    """Old tables in a schema of another database. Their rows are copied with COPY."""

    def __init__(self, cursor: Cursor[Any], remote: psycopg.Connection[Any], schema: str) -> None:
        self._cursor, self._remote, self.schema = cursor, remote, schema

    def columns(self) -> dict[str, Columns]:
        with self._remote.cursor() as cursor:
            return _columns(cursor, self.schema)

    def stage(self, rows: Composable, into: Composable) -> None:
        query = SQL("COPY ({}) TO STDOUT").format(rows)
        with (
            self._remote.cursor() as reading,
            reading.copy(query) as out,
            self._cursor.copy(SQL("COPY {} FROM STDIN").format(into)) as received,
        ):
            for data in out:
                received.write(data)


@contextmanager
def opened(cursor: Cursor[Any], schema: str, url: str = "") -> Iterator[Source]:
    """Yield the old tables' source: a schema of this database, or of the database at `url`.

    Raises AdoptError if the database cannot be reached.
    """
    if not url:
        yield LocalSchema(cursor, schema)
        return
    try:
        remote = psycopg.connect(url, connect_timeout=10)
    except psycopg.ProgrammingError:  # the error's text contains the address with the password
        raise AdoptError("--from is not an address like postgresql://user@host/database") from None
    except psycopg.Error as error:
        raise AdoptError(f"The database of --from cannot be reached: {error}") from None
    with remote:
        remote.execute(SESSION)
        yield RemoteSchema(cursor, remote, schema)


def table(schema: str, name: str) -> Composable:
    return SQL("{} AS old").format(Identifier(schema, name))


def _columns(cursor: Cursor[Any], schema: str) -> dict[str, Columns]:
    names = [old.name for old in tables()]
    cursor.execute(sql.read("adopt/columns"), {"schema": schema, "tables": names})
    types: dict[str, dict[str, str]] = {}
    for name, column, kind in cursor.fetchall():
        types.setdefault(name, {})[column] = kind
    return dict(types)
