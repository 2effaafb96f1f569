"""Separates tenants in the database: a transaction that names a tenant sees its rows, any other
none.

Row-level security applies to every role except the tables' owner. A materialized view cannot have
it, so the application reads the materialized view through a view with a security barrier.
"""

from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Identifier

from graph import sql

# Tables of Django and knox whose user_id is a user, not a tenant. The application's role cannot
# read them.
OF_USERS = (
    "django_admin_log",
    "finley_apitoken",
    "finley_user_groups",
    "finley_user_user_permissions",
)
POLICY = SQL(
    "CREATE POLICY tenants_apart ON {0} USING (user_id = current_tenant()) "
    "WITH CHECK (user_id = current_tenant()); ALTER TABLE {0} ENABLE ROW LEVEL SECURITY"
)


def put_in_place(cursor: CursorWrapper) -> None:
    """Create the policies of all tables with a user_id, and the tenant's view."""
    cursor.execute(sql.read("database/current_tenant"))
    for table, apart in tenant_tables(cursor):
        if not apart:
            cursor.execute(POLICY.format(Identifier(table)))
    cursor.execute(sql.read("database/tenant_view"))


def tenant_tables(cursor: CursorWrapper) -> list[tuple[str, bool]]:
    """Return (table, whether its policy is in place) for each table with rows of tenants."""
    cursor.execute(sql.read("database/tenant_tables"), {"of_users": list(OF_USERS)})
    return [(table, apart) for table, apart in cursor.fetchall()]
