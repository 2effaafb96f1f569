"""Separates tenants in the database: a transaction that names a tenant sees its rows, any other
none.

Row-level security applies to every role except the tables' owner. A materialized view cannot have
it, so the application reads the materialized view through a view with a security barrier.
"""

from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Identifier, Literal

from graph import sql
from graph.models import answer_sql
from graph.models.kept_queries import KEPT

# Tables of Django and knox whose user_id is a user, not a tenant. The application's role cannot
# read them.
OF_USERS = (
    "django_admin_log",
    "finley_apitoken",
    "finley_user_groups",
    "finley_user_user_permissions",
)
# Functions that run as their owner check the transaction's tenant, or the one token, themselves.
# Others run as their caller, and are functions because their plans are kept.
FUNCTIONS = {  # each function, and the file that creates it
    "search_entities": "questions/search_entities",
    "relationships_nth": "reading/relationships_nth",
    "changes_state": "view/changes_state",
    "unchanged_since": "view/unchanged_since",
    "token_of_digest": "database/token_of_digest",
    "expired_tokens_forgotten": "database/expired_tokens_forgotten",
}
# Those whose statements graph.models makes.
WRITING_ANSWERS = ("relationships_json", "insights_json", "entity_json")
OF_CALLERS = (*WRITING_ANSWERS, *(query.name for query in KEPT))
POLICY = SQL(
    "CREATE POLICY tenants_apart ON {0} USING (user_id = current_tenant()) "
    "WITH CHECK (user_id = current_tenant()); ALTER TABLE {0} ENABLE ROW LEVEL SECURITY"
)


def put_in_place(cursor: CursorWrapper) -> None:
    """Create the policies of all tables with a user_id, the tenant's view, and the functions."""
    cursor.execute(sql.read("database/current_tenant"))
    for table, apart in tenant_tables(cursor):
        if not apart:
            cursor.execute(POLICY.format(Identifier(table)))
    cursor.execute(sql.read("database/tenant_view"))
    for file in FUNCTIONS.values():
        cursor.execute(sql.read(file))
    functions = (*answer_sql.functions(), *(query.function for query in KEPT))
    for name, statement in zip(OF_CALLERS, functions, strict=True):
        dropped = SQL(sql.read("database/function_dropped")).format(name=Literal(name))
        cursor.execute(f"{dropped.as_string(cursor.connection)}; {statement}")


def tenant_tables(cursor: CursorWrapper) -> list[tuple[str, bool]]:
    """Return (table, whether its policy is in place) for each table with rows of tenants."""
    cursor.execute(sql.read("database/tenant_tables"), {"of_users": list(OF_USERS)})
    return [(table, apart) for table, apart in cursor.fetchall()]
