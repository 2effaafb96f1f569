"""Writes the SQL statements that distribute the tables by tenant with Citus."""

from collections.abc import Iterator

from django.db import connections
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.database.tenant_keys import REFERENCE, Key, distributed, exceptions
from graph.models.view import index_statements
from graph.models.view_sql import VIEW, materialized_sql

FIRST = "raw_events"  # the table whose shards the other tables' shards are kept with
EXTENSION = "CREATE EXTENSION IF NOT EXISTS citus"


def statements(cursor: CursorWrapper) -> list[str]:
    """Return the statements in the order in which they must run, without semicolons.

    The first one creates the extension. They need an empty or a backed-up database, and its owner.
    """
    tables = distributed(cursor)
    return [
        EXTENSION,
        "SET citus.enable_unsafe_triggers = on",
        "SET citus.propagate_set_commands = 'local'",
        f"DROP MATERIALIZED VIEW IF EXISTS {VIEW} CASCADE",
        *(_text(statement) for key in exceptions(cursor) for statement in _mended(key)),
        *(f"SELECT create_reference_table('{table}')" for table in REFERENCE),
        *map(_distribute, sorted(tables, key=lambda table: table != FIRST)),
        *_view(),
    ]


def script(cursor: CursorWrapper) -> str:
    """Return the statements as a script for `psql -f`, with what it does not do at its head."""
    text = ";\n\n".join(statement.strip() for statement in statements(cursor))
    return f"{sql.read('distribution/head').strip()}\n\n{text};\n"


def _mended(key: Key) -> Iterator[Composable]:
    """Yield the statements that replace the key by one that a shard can keep, or drop it."""
    names = {"table": Identifier(key.table), "key": Identifier(key.name)}
    yield SQL("ALTER TABLE {table} DROP CONSTRAINT {key}").format(**names)
    if key.kind == "primary key":
        yield SQL("ALTER TABLE {table} ADD CONSTRAINT {key} PRIMARY KEY (user_id, id)").format(
            **names
        )


def _distribute(table: str) -> str:
    others = SQL("") if table == FIRST else SQL(", colocate_with => {}").format(Literal(FIRST))
    call = SQL("SELECT create_distributed_table({}, 'user_id'{})")
    return _text(call.format(Literal(table), others))


def _view() -> list[str]:
    """Return the statements that make the view a distributed table, whose refresh computes each
    shard's rows on the node that has them.

    Citus has no distributed materialized views. It runs an INSERT … SELECT of tables whose shards
    are kept together on each shard. A CTE that is materialized would prevent that.
    """
    query = materialized_sql().replace("AS MATERIALIZED", "AS NOT MATERIALIZED")
    return [
        f"CREATE TABLE {VIEW} AS\n{query}\nWITH NO DATA",
        f"ALTER TABLE {VIEW} ADD PRIMARY KEY (user_id, id)",
        *index_statements(connections["owner"]),
        _distribute(VIEW),
        sql.read("distribution/refresh").format(view=VIEW, query=query),
        sql.read("database/tenant_view"),
        "CALL refresh_enriched_shards()",
    ]


def _text(statement: Composable) -> str:
    return statement.as_string()
