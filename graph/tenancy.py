"""The one door to a tenant's rows: a transaction that names the tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

TENANT_SETTING = "finley.user_id"


@contextmanager
def tenant_transaction(
    user_id: UUID, *, using: str = "default", snapshot: bool = False
) -> Iterator[BaseDatabaseWrapper]:
    """A transaction in which the database knows the tenant; yields the connection.

    The setting is local to the transaction, so it survives poolers and leaks into no other.
    `snapshot=True`: every query inside sees one snapshot (REPEATABLE READ); it must then be
    the outermost transaction, which is checked.
    """
    connection = connections[using]
    with transaction.atomic(using=using, durable=snapshot), connection.cursor() as cursor:
        if snapshot:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT set_config(%s, %s, true)", [TENANT_SETTING, str(user_id)])
        yield connection
