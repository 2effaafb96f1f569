"""Erases a tenant (rows, view, caches, jobs, files), and writes a certificate of what was
erased."""

import shutil
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from psycopg.sql import SQL, Identifier
from redis import Redis
from redis.exceptions import RedisError

from finley.models import Membership, SecondFactor, User
from finley.tenant_data import tenant_tables
from finley.tenant_data.archive import ROLE
from graph.history import row_triggers
from graph.reading.graph_cache import SIZES, USED
from graph.view import refresh, triggers
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
WRITTEN_BY_TRIGGERS = (triggers.CHANGE_RECORDS, row_triggers.ROWS, row_triggers.TRANSACTIONS)
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


def _no_record(erasure: Erasure) -> None:
    return None


def erase(
    user: User,
    *,
    hold: str = "",
    before: Erasure | None = None,
    record: Callable[[Erasure], None] = _no_record,
) -> Erasure:
    """Erase the tenant. With a legal `hold` (its reason) the books stay, under the tenant's id
    only.

    All rows are deleted in one transaction. A sync that runs meanwhile finds its run deleted and
    saves nothing. The view, Redis and files follow; each of these steps may be repeated. Raises
    DatabaseError. `before` is the result of an earlier erasure, to which this one adds. `record` is
    called inside the transaction, so that what it writes about the deleted rows is committed with
    their deletion.
    """
    erasure = before or Erasure(user.pk)
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import {user.pk}"]
        )
        for query in JOBS:
            erasure.jobs += _names(cursor, query, user.pk)
        erasure.folders += _names(cursor, CONNECTIONS, user.pk)
        _rows(cursor, erasure, hold)
        _log_entries(cursor, erasure, user)
        _account(erasure, user)
        _change_records(cursor, erasure)
        record(erasure)
    _emptied(erasure)
    erasure.files += _files(erasure.folders)
    _redis(erasure)
    return erasure


def _names(cursor: Any, query: str, user_id: UUID) -> list[str]:
    cursor.execute(query, [user_id])
    return [str(name) for (name,) in cursor.fetchall()]


def _rows(cursor: Any, erasure: Erasure, hold: str) -> None:
    for table in reversed(tenant_tables.of_tenants(cursor)):
        if table.name == tenant_tables.ADMIN_LOG:
            continue
        if hold and table.name in BOOKS:
            query_ = SQL("SELECT count(*) FROM {} WHERE user_id = %s")
            cursor.execute(query_.format(Identifier(table.name)), [erasure.user_id])
            erasure.kept[table.name] = cursor.fetchone()[0]
            continue
        query = SQL("DELETE FROM {} WHERE user_id = %s").format(Identifier(table.name))
        cursor.execute(query, [erasure.user_id])
        erasure.add(table.name, cursor.rowcount)


def _log_entries(cursor: Any, erasure: Erasure, user: User) -> None:
    """Delete the admin's log entries of what the user did, and of what was done to the user."""
    cursor.execute(
        "DELETE FROM django_admin_log WHERE user_id = %(id)s OR object_id = %(text)s "
        "OR strpos(object_repr, %(email)s) > 0 OR strpos(change_message, %(email)s) > 0 "
        "OR strpos(change_message, %(text)s) > 0",
        {"id": user.pk, "text": str(user.pk), "email": user.email},
    )
    erasure.add(tenant_tables.ADMIN_LOG, cursor.rowcount)


def _account(erasure: Erasure, user: User) -> None:
    """Delete the user and the user's sessions. A session names its user only inside its data."""
    key = str(user.pk)
    ended = [
        session.pk
        for session in Session.objects.using(ROLE).iterator()
        if session.get_decoded().get("_auth_user_id") == key
    ]
    Session.objects.using(ROLE).filter(pk__in=ended).delete()
    erasure.add("django_session", len(ended))
    _, counts = User.objects.using(ROLE).filter(pk=user.pk).delete()
    for model in (User, Membership, SecondFactor):
        erasure.add(model._meta.db_table, counts.get(model._meta.label, 0))


def _change_records(cursor: Any, erasure: Erasure) -> None:
    """Delete the compacted change records of the tenant. A later refresh removes its rows from the
    view."""
    cursor.execute(f"DELETE FROM {triggers.COMPACTED} WHERE user_id = %s", [erasure.user_id])  # noqa: S608


def _emptied(erasure: Erasure) -> None:
    """Refresh the view, delete the tenant's change records, and vacuum the tables, so that the
    deleted rows leave the disk's pages."""
    refresh.refresh()
    with connections[ROLE].cursor() as cursor:
        delete = SQL("DELETE FROM {} WHERE user_id = %s")
        for name in WRITTEN_BY_TRIGGERS:
            cursor.execute(delete.format(Identifier(name)), [erasure.user_id])
        for name in (*erasure.rows, *WRITTEN_BY_TRIGGERS):
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
