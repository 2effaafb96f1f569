"""Erases a tenant (rows, view, caches, jobs, files), and writes a certificate of what was
erased."""

import shutil
from collections.abc import Iterable
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

from finley.models import Membership, User
from finley.tenant_data import tenant_tables
from finley.tenant_data.archive import ROLE
from graph.reading.graph_cache import PREFIX, SIZES, USED
from graph.view import refresh, triggers
from syncjobs import queue

# What a legal hold keeps: the books as they were imported, without what finley computed from them.
BOOKS = frozenset(
    {"raw_events", "normalized_entities", "entity_matches", "relationship_instances",
     "event_delta_logs", "temporal_patterns", "seasonal_patterns", "relationship_patterns"}
)  # fmt: skip
# The job of each upload, as syncjobs.models.Upload.job_id names it.
UPLOADS = "SELECT id || ':' || jobs FROM uploads WHERE user_id = %s AND jobs > 0"
NOT_REACHED = (
    "Backups of the database, its write-ahead log, replicas, and copies of finley's log that "
    "others collect are not reached: they end by their own retention."
)


@dataclass
class Erasure:
    """The result of an erasure: the numbers of erased rows by table (`rows`), of Redis keys (None
    if Redis is not available) and of files, and the rows that a legal hold has kept (`kept`)."""

    user_id: UUID
    rows: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    redis_keys: int | None = None
    files: int = 0

    def certificate(self, hold: str) -> dict[str, Any]:
        """The certificate as JSON. It names the tenant by id only."""
        return {
            "tenant": str(self.user_id),
            "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows_erased": self.rows,
            "rows_kept": self.kept,
            "legal_hold": hold,
            "redis_keys_erased": self.redis_keys,
            "files_erased": self.files,
            "not_reached": NOT_REACHED,
        }


def erase(user: User, *, hold: str = "") -> Erasure:
    """Erase the tenant. With a legal `hold` (its reason) the books stay, under the tenant's id
    only.

    All rows are deleted in one transaction. A sync that runs meanwhile finds its run deleted and
    saves nothing. The view, Redis and files follow; each of these steps may be repeated. Raises
    DatabaseError. If Redis is not available, `redis_keys` is None.
    """
    erasure = Erasure(user.pk)
    with transaction.atomic(using=ROLE), connections[ROLE].cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import {user.pk}"]
        )
        jobs = _names(cursor, "SELECT job_id FROM sync_runs WHERE user_id = %s", user.pk)
        jobs += _names(cursor, "SELECT job_id FROM asked_questions WHERE user_id = %s", user.pk)
        jobs += _names(cursor, UPLOADS, user.pk)
        folders = _names(cursor, "SELECT id FROM sync_connections WHERE user_id = %s", user.pk)
        _rows(cursor, erasure, hold)
        _log_entries(cursor, erasure, user)
        _account(erasure, user)
        _change_records(cursor, erasure)
    _emptied(erasure)
    erasure.files = _files(folders)
    erasure.redis_keys = _redis(user.pk, jobs)
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
        erasure.rows[table.name] = cursor.rowcount


def _log_entries(cursor: Any, erasure: Erasure, user: User) -> None:
    """Delete the admin's log entries of what the user did, and of what was done to the user."""
    cursor.execute(
        "DELETE FROM django_admin_log WHERE user_id = %(id)s OR object_id = %(text)s "
        "OR strpos(object_repr, %(email)s) > 0 OR strpos(change_message, %(email)s) > 0 "
        "OR strpos(change_message, %(text)s) > 0",
        {"id": user.pk, "text": str(user.pk), "email": user.email},
    )
    erasure.rows[tenant_tables.ADMIN_LOG] = cursor.rowcount


def _account(erasure: Erasure, user: User) -> None:
    """Delete the user and the user's sessions. A session names its user only inside its data."""
    key = str(user.pk)
    ended = [
        session.pk
        for session in Session.objects.using(ROLE).iterator()
        if session.get_decoded().get("_auth_user_id") == key
    ]
    Session.objects.using(ROLE).filter(pk__in=ended).delete()
    erasure.rows["django_session"] = len(ended)
    _, counts = User.objects.using(ROLE).filter(pk=user.pk).delete()
    for model in (User, Membership):
        erasure.rows[model._meta.db_table] = counts.get(model._meta.label, 0)


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
        cursor.execute(delete.format(Identifier(triggers.CHANGE_RECORDS)), [erasure.user_id])
        for name in (*erasure.rows, triggers.CHANGE_RECORDS):
            cursor.execute(SQL("VACUUM {}").format(Identifier(name)))


def _files(folders: Iterable[str]) -> int:
    count = 0
    for folder in folders:
        path = Path(settings.STATE_DIR) / "rejects" / folder
        count += sum(1 for _ in path.glob("*"))
        shutil.rmtree(path, ignore_errors=True)
    return count


def _redis(user_id: UUID, jobs: list[str]) -> int | None:
    """Delete the tenant's graphs and waiting `jobs` in Redis. Return the number of deleted keys and
    jobs, or None if Redis is not available; run `tenant erase` again then."""
    try:
        queue.forget(jobs)
        with closing(Redis.from_url(str(settings.REDIS_URL), socket_timeout=5)) as redis:
            keys = [
                key for key in redis.scan_iter(f"{PREFIX}*", count=1000) if _is_of(key, user_id)
            ]
            if keys:
                redis.zrem(USED, *keys)
                redis.hdel(SIZES, *keys)
                redis.unlink(*keys)
            return len(keys) + len(jobs)
    except (RedisError, OSError):
        return None


def _is_of(key: bytes, user_id: UUID) -> bool:
    return str(user_id).encode() in key or user_id.hex.encode() in key
