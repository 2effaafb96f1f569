"""Finds the tables with rows of tenants in the database's catalogue; there is no list of them."""

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.db.backends.utils import CursorWrapper

from finley.models import ApiToken
from graph.history import row_triggers
from graph.view import triggers
from syncjobs.models import TenantExport, TenantExportPiece

# What triggers write, during an import too.
BOOKKEEPING = frozenset(
    {triggers.CHANGE_RECORDS, triggers.COMPACTED, row_triggers.ROWS, row_triggers.TRANSACTIONS}
)
TOKENS = ApiToken._meta.db_table
EXPORTS = (TenantExport._meta.db_table, TenantExportPiece._meta.db_table)
ADMIN_LOG = "django_admin_log"
USERS = "finley_user"
MEMBERS = "finley_membership"
# Columns that refer to the installation's own tables. Their rows have other ids elsewhere, but the
# same names. Column → the table, and its unique name.
NAMED = {
    "content_type_id": ("django_content_type", "app_label || '.' || model"),
    "group_id": ("auth_group", "name"),
    "permission_id": (
        "auth_permission",
        "(SELECT app_label || '.' || model FROM django_content_type AS t "
        "WHERE t.id = content_type_id) || '.' || codename",
    ),
}
TENANTS = """
SELECT
    c.relname,
    array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attidentity = ''),
    coalesce(array_agg(a.attname) FILTER (WHERE a.attidentity <> ''), '{}'),
    coalesce(array_agg(a.attname) FILTER (WHERE a.attnotnull), '{}')
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE
    c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attgenerated = ''
    AND EXISTS (
        SELECT FROM pg_attribute AS u
        WHERE u.attrelid = c.oid AND u.attname = 'user_id' AND NOT u.attisdropped
    )
GROUP BY c.relname
ORDER BY c.relname
"""
REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text
FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND NOT condeferred
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with rows of tenants. `columns` are its writable columns, in the table's order.

    The database generates the columns `numbered`. The columns `needed` may not be NULL.
    """

    name: str
    columns: tuple[str, ...]
    numbered: tuple[str, ...]
    needed: frozenset[str]

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that refer to rows of the installation, such as users."""
        return tuple(column for column in self.columns if column in NAMED)


def of_tenants(cursor: CursorWrapper) -> list[Table]:
    """All tables that have rows of tenants, each before the tables that refer to it. Rows can be
    inserted in this order."""
    cursor.execute(TENANTS)
    tables = {
        name: Table(name, tuple(columns), tuple(numbered), frozenset(needed))
        for name, columns, numbered, needed in cursor.fetchall()
    }
    cursor.execute(REFERENCES)
    before: dict[str, set[str]] = {name: set() for name in tables}
    for table, at in cursor.fetchall():
        if table in tables and at in tables:
            before[table].add(at)
    return [tables[name] for name in _sorted(before)]


def _sorted(before: dict[str, set[str]]) -> list[Any]:
    """The tables' names, each after the tables to which it refers (`before`). Raises RuntimeError
    if tables refer to each other in a circle."""
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise RuntimeError(f"Tables point at each other: {error.args[1]}") from error
