"""Erases a tenant (rows, view, caches, jobs, files), and writes a certificate of what was
erased."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Identifier
from redis import Redis
from redis.exceptions import RedisError

from finley.auth import sessions
from finley.models import Membership, SecondFactor, User
from finley.tenant_data import tenant_tables
from finley.tenant_data.archive import ROLE
from graph.history import row_triggers
from graph.reading.graph_cache import SIZES, USED
from graph.view import refresh
from syncjobs import queue

# What a legal hold keeps: the books as they were imported, without what finley computed from them.
BOOKS = frozenset(
    {"raw_events", "normalized_entities", "entity_matches", "relationship_instances",
     "event_delta_logs", "temporal_patterns", "seasonal_patterns", "relationship_patterns"}
)  # fmt: skip
JOBS = (  # the names of the tenant's jobs in Redis
    "SELECT job_id FROM sync_runs WHERE user_id = %s",
    "SELECT job_id FROM asked_questions WHERE user_id = %s",
    # as syncjobs.models.Upload.job_id names them
    "SELECT id || ':' || jobs FROM uploads WHERE user_id = %s AND jobs > 0",
)
KEYS = "finley:*"  # all of finley's own keys in Redis
CONNECTIONS = "SELECT id FROM sync_connections WHERE user_id = %s"
UPLOADS = "SELECT FROM uploads WHERE user_id = %s ORDER BY id FOR UPDATE"
HISTORY = (row_triggers.ROWS, row_triggers.TRANSACTIONS)
NOT_REACHED = (
    "Backups of the database, its write-ahead log, replicas, and copies of finley's log that "
    "others collect are not reached: they end by their own retention."
)


@dataclass
class Erasure:
    """The result of an erasure: the numbers of erased rows by table (`rows`), of Redis keys and of
    files, and the rows that a legal hold has kept (`kept`).

    `redis_missed` means that Redis was not available. `jobs` and `folders` are what has to be
    deleted outside of the database.
    """

    user_id: UUID
    rows: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    redis_keys: int = 0
    redis_missed: bool = False
    files: int = 0
    jobs: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def add(self, table: str, count: int) -> None:
        self.rows[table] = self.rows.get(table, 0) + count

    def certificate(self, hold: str) -> dict[str, Any]:
        """The certificate as JSON. It names the tenant by id only."""
        return {
            "tenant": str(self.user_id),
            "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows_erased": self.rows,
            "rows_kept": self.kept,
            "legal_hold": hold,
            "redis_keys_erased": None if self.redis_missed else self.redis_keys,
            "files_erased": self.files,
            "not_reached": NOT_REACHED,
        }


def erase(user: User, *, hold: str = "", before: Erasure | None = None) -> Erasure:
    """Erase the tenant. With a legal `hold` (its reason) the books stay, under the tenant's id
    only. `before` is the result of an earlier erasure, to which this one adds. Raises
    DatabaseError.
    """
    erasure = before or Erasure(user.pk)
    with alone(user.pk) as cursor:
        delete_rows(cursor, erasure, user, hold)
    delete_the_rest(erasure)
    return erasure


@contextmanager
def alone(user_id: UUID) -> Iterator[CursorWrapper]:
    """Yield a cursor of a transaction during which nothing else imports into the tenant's books.

    An import of an upload locks the upload's row before it takes the lock of imports. The order
    must be the same here, or the two would wait for each other.
    """
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        cursor.execute(UPLOADS, [user_id])
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import {user_id}"]
        )
        yield cursor


def delete_rows(cursor: CursorWrapper, erasure: Erasure, user: User, hold: str) -> None:
    """Delete all rows of the tenant, in one transaction (`alone`), and count them in `erasure`.

    A sync that runs meanwhile finds its run deleted and saves nothing. Raises DatabaseError.
    """
    for query in JOBS:
        erasure.jobs += _names(cursor, query, user.pk)
    erasure.folders += _names(cursor, CONNECTIONS, user.pk)
    for name in sorted(tenant_tables.BOOKKEEPING):
        erasure.add(name, _deleted(cursor, name, user.pk))
    _rows(cursor, erasure, hold)
    _log_entries(cursor, erasure, user)
    _account(erasure, user)
    for name in HISTORY:  # what the deletions above have just recorded
        _deleted(cursor, name, user.pk)


def delete_the_rest(erasure: Erasure) -> None:
    """Remove the tenant from the view, Redis and the files, after its rows are deleted. Each of
    these steps may be repeated. Raises DatabaseError."""
    _emptied(erasure)
    erasure.files += _files(erasure.folders)
    _redis(erasure)


def _names(cursor: CursorWrapper, query: str, user_id: UUID) -> list[str]:
    cursor.execute(query, [user_id])
    return [str(name) for (name,) in cursor.fetchall()]


def _rows(cursor: CursorWrapper, erasure: Erasure, hold: str) -> None:
    for table in reversed(tenant_tables.of_tenants(cursor)):
        if table.name in {tenant_tables.ADMIN_LOG, *tenant_tables.BOOKKEEPING}:
            continue
        if hold and table.name in BOOKS:
            query_ = SQL("SELECT count(*) FROM {} WHERE user_id = %s")
            cursor.execute(query_.format(Identifier(table.name)), [erasure.user_id])
            erasure.kept[table.name] = cursor.fetchone()[0]
            continue
        erasure.add(table.name, _deleted(cursor, table.name, erasure.user_id))


def _deleted(cursor: CursorWrapper, table: str, user_id: UUID) -> int:
    """Delete the tenant's rows of the table. Return their number."""
    query = SQL("DELETE FROM {} WHERE user_id = %s").format(Identifier(table))
    cursor.execute(query, [user_id])
    return int(cursor.rowcount)


def _log_entries(cursor: CursorWrapper, erasure: Erasure, user: User) -> None:
    """Delete the admin's log entries of what the user did, and of what was done to the user."""
    cursor.execute(
        "DELETE FROM django_admin_log WHERE user_id = %(id)s OR object_id = %(text)s "
        "OR strpos(object_repr, %(email)s) > 0 OR strpos(change_message, %(email)s) > 0 "
        "OR strpos(change_message, %(text)s) > 0",
        {"id": user.pk, "text": str(user.pk), "email": user.email},
    )
    erasure.add(tenant_tables.ADMIN_LOG, cursor.rowcount)


def _account(erasure: Erasure, user: User) -> None:
    """Delete the user and the user's sessions."""
    erasure.add("django_session", sessions.end(user.pk))
    _, counts = User.objects.using(ROLE).filter(pk=user.pk).delete()
    for model in (User, Membership, SecondFactor):
        erasure.add(model._meta.db_table, counts.get(model._meta.label, 0))


def _emptied(erasure: Erasure) -> None:
    """Refresh the view, delete the tenant's change records, and vacuum the tables, so that the
    deleted rows leave the disk's pages.

    The change records stay until then: readers of the old view need them.
    """
    refresh.refresh()
    with connections[ROLE].cursor() as cursor:
        for name in tenant_tables.BOOKKEEPING:
            _deleted(cursor, name, erasure.user_id)
        for name in erasure.rows:
            cursor.execute(SQL("VACUUM {}").format(Identifier(name)))


def _files(folders: Iterable[str]) -> int:
    count = 0
    for folder in folders:
        path = Path(settings.STATE_DIR) / "rejects" / folder
        count += sum(1 for _ in path.glob("*"))
        shutil.rmtree(path, ignore_errors=True)
    return count


def _redis(erasure: Erasure) -> None:
    """Delete the tenant's graphs, waiting jobs and request counts in Redis, and count them. If
    Redis is not available, set `redis_missed`; erase the tenant again later then."""
    erasure.redis_missed = True
    try:
        queue.forget(erasure.jobs)
        with closing(Redis.from_url(str(settings.REDIS_URL), socket_timeout=5)) as redis:
            keys = [
                key for key in redis.scan_iter(KEYS, count=1000) if _is_of(key, erasure.user_id)
            ]
            if keys:
                redis.zrem(USED, *keys)
                redis.hdel(SIZES, *keys)
                redis.unlink(*keys)
    except (RedisError, OSError):
        return
    erasure.redis_keys += len(keys) + len(erasure.jobs)
    erasure.jobs, erasure.redis_missed = [], False


def _is_of(key: bytes, user_id: UUID) -> bool:
    return str(user_id).encode() in key or user_id.hex.encode() in key
