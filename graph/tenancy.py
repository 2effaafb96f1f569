"""The one door to a tenant's rows: a transaction that names the tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from graph import limits

TENANT_SETTING = "finley.user_id"
LIMITED = ", set_config('statement_timeout', %s, true)"


@contextmanager
def tenant_transaction(
    user_id: UUID, *, using: str = "default", snapshot: bool = False
) -> Iterator[BaseDatabaseWrapper]:
    """A transaction in which the database knows the tenant; yields the connection.

    The setting is local to the transaction, so it survives poolers and leaks into no other; so is
    the limit of its statements, where there is one (graph.limits).
    `snapshot=True`: every query inside sees one snapshot (REPEATABLE READ); it must then be
    the outermost transaction, which is checked.
    """
    connection = connections[using]
    with transaction.atomic(using=using, durable=snapshot), connection.cursor() as cursor:
        if snapshot:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        limit = limits.statement()
        query = f"SELECT set_config(%s, %s, true){LIMITED if limit else ''}"
        cursor.execute(query, [TENANT_SETTING, str(user_id), *filter(None, [limit])])
        yield connection
