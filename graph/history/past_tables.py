"""The schema `as_of`: a view of each recorded table as it was at the moment `finley.as_of`.

The schema is dropped before migrations run, because views would forbid changes of their tables, and
is created anew afterwards. Until then a question about the past fails.
"""

from hashlib import blake2b
from typing import Any

from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.db.models.signals import pre_migrate
from django.dispatch import receiver
from psycopg.sql import SQL, Composable, Identifier, Literal

from graph import sql
from graph.database.past import SCHEMA
from graph.database.role import application_role, current_role
from graph.history.recorded_tables import recorded_tables

COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 "
    "AND NOT attisdropped ORDER BY attnum"
)
GRANT = SQL(
    "GRANT USAGE ON SCHEMA as_of TO {0}; GRANT SELECT ON ALL TABLES IN SCHEMA as_of TO {0}; "
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA as_of TO {0}"
)


@receiver(pre_migrate)
def make_way(using: str, plan: Any, **_: Any) -> None:
    """Drop the schema if migrations will run."""
    if using == "owner" and plan:
        with connections[using].cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def put_in_place(cursor: CursorWrapper) -> None:
    """Create the schema, or create it anew if its definition has changed. Grant its use."""
    script = _script(cursor)
    digest = blake2b(script.encode(), digest_size=16).hexdigest()
    cursor.execute("SELECT obj_description(to_regnamespace(%s))", [SCHEMA])
    if cursor.fetchone() != (digest,):
        cursor.execute(script)
        comment = SQL("COMMENT ON SCHEMA {} IS {}").format(Identifier(SCHEMA), Literal(digest))
        cursor.execute(comment)
    role = application_role()
    if role != current_role("owner"):
        cursor.execute(GRANT.format(Identifier(role)))


def _script(cursor: CursorWrapper) -> str:
    views = [_view(cursor, table) for table in recorded_tables()]
    statements = [
        SQL("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}").format(Identifier(SCHEMA)),
        SQL(sql.read("history/undone")),
        *views,
    ]
    return SQL("; ").join(statements).as_string()


def _view(cursor: CursorWrapper, table: str) -> Composable:
    cursor.execute(COLUMNS, [table])
    names = [name for (name,) in cursor.fetchall()]
    return SQL(sql.read("history/past_table")).format(
        table=Identifier(table),
        name=Literal(table),
        columns=SQL(", ").join(Identifier("present", name) for name in names),
        past_columns=SQL(", ").join(Identifier("past", name) for name in names),
    )
