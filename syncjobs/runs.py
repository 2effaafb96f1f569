"""Accepts and cancels runs that a person or a program requests.

A run is written in the transaction of the request. Its job is enqueued in Redis after the commit.
If that fails, the recoverer enqueues it later.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now
from redis.exceptions import RedisError

from graph.database.tenancy import tenant_transaction
from syncjobs import queue, sql
from syncjobs.errors import (
    AlreadyActive,
    AlreadyEnded,
    ConnectionUnknown,
    ConnectionUnusable,
    RunUnknown,
)
from syncjobs.models import JobFailure, SyncConnection, SyncRun
from syncjobs.models.choices import ACTIVE, ConnectionState, FailureStatus, RunStatus, Trigger
from syncjobs.providers import BY_NAME

log = logging.getLogger(__name__)
NOT_NOW = {
    ConnectionState.PAUSED: "This connection is paused. Resume it first.",
    ConnectionState.REMOVED: "This connection was removed.",
}


def function_of(provider: str) -> str:
    """The name of the task that syncs the provider."""
    return BY_NAME[provider].task


def accept(
    user_id: UUID,
    connection_id: UUID,
    *,
    trigger: Trigger,
    payload: dict[str, Any] | None = None,
    correlation_id: str = "",
    replay_of: UUID | None = None,
    not_before: datetime | None = None,
) -> SyncRun:
    """Accept a sync of the tenant's connection, in the caller's transaction if there is one.

    `payload`: {"full": true} lists everything again. Raises ConnectionUnknown, ConnectionUnusable,
    AlreadyActive.
    """
    payload = payload or {}
    with tenant_transaction(user_id, using=router.db_for_write(SyncRun)):
        connection = _locked(user_id, connection_id)
        if reason := NOT_NOW.get(ConnectionState(connection.state)):
            raise ConnectionUnusable(reason)
        if active := connection.runs.filter(status__in=ACTIVE).first():
            raise AlreadyActive("A sync of this connection is queued or running.", active.pk)
        run = _written(
            connection,
            trigger=trigger.value,
            payload=payload,
            correlation_id=correlation_id,
            replay_of_id=replay_of,
            next_try_at=not_before,
        )
        if payload.get("full"):
            SyncConnection.objects.filter(pk=connection.pk).update(cursor=None)
        enqueue_on_commit([run])
    return run


def _locked(user_id: UUID, connection_id: UUID) -> SyncConnection:
    """The connection, locked, so that only one request at a time is accepted for it. Raises
    ConnectionUnknown."""
    rows = SyncConnection.objects.select_for_update().defer("cursor")
    connection = rows.filter(user_id=user_id, pk=connection_id).first()
    if connection is None:
        raise ConnectionUnknown("You have no such connection.")
    return connection


def _written(connection: SyncConnection, **attributes: Any) -> SyncRun:
    run_id = uuid4()
    run = SyncRun(
        id=run_id,
        user_id=connection.user_id,
        connection=connection,
        provider=connection.provider,
        function=function_of(connection.provider),
        job_id=job_id(run_id, 1),
        **attributes,
    )
    run.correlation_id = run.correlation_id or str(run_id)
    run.save(force_insert=True)
    run.refresh_from_db()
    return run


def job_id(run_id: UUID, number: int) -> str:
    """arq's id of a run's job: the run's id, ":" and `number`, which increases with each new job of
    the run."""
    return f"{run_id}:{number}"


def enqueue_on_commit(runs: Sequence[SyncRun]) -> None:
    """Enqueue the runs in Redis when this transaction is committed."""
    jobs, owners = [queued(run) for run in runs], {run.user_id for run in runs}
    user_id = owners.pop() if len(owners) == 1 else None
    transaction.on_commit(partial(tell, jobs, user_id), using=router.db_for_write(SyncRun))


def queued(run: SyncRun) -> queue.Queued:
    return queue.Queued(run.job_id, run.function, str(run.pk), run.next_try_at, run.tries + 1)


def tell(jobs: Sequence[queue.Queued], user_id: UUID | None = None) -> bool:
    """Enqueue the jobs in Redis and record in PostgreSQL that they are enqueued. Return False if
    Redis is not available now; the recoverer then enqueues them later.

    `user_id` is the tenant of all jobs. If it is None, the jobs belong to several tenants, and the
    owner's role records it.
    """
    try:
        queue.enqueue(jobs)
    except (RedisError, OSError) as error:
        log.warning(
            "%d runs cannot be enqueued in Redis now (%s); the recoverer retries",
            len(jobs),
            type(error).__name__,
        )
        return False
    with _connection(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("runs/enqueued"), [[job.job_id for job in jobs]])
    return True


def _connection(user_id: UUID | None) -> AbstractContextManager[BaseDatabaseWrapper]:
    if user_id is None:
        return nullcontext(connections["owner"])
    return tenant_transaction(user_id, using=router.db_for_write(SyncRun))


def cancel(user_id: UUID, run_id: UUID) -> SyncRun:
    """Cancel a run: at once if it is queued, within seconds if it runs.

    Raises RunUnknown, AlreadyEnded.
    """
    with tenant_transaction(user_id, using=router.db_for_write(SyncRun)):
        run = SyncRun.objects.select_for_update().filter(user_id=user_id, pk=run_id).first()
        if run is None:
            raise RunUnknown("You have no such run.")
        if run.status not in ACTIVE:
            raise AlreadyEnded(f"This run has already {run.status}.")
        run.cancel_requested_at = Now()
        fields = ["cancel_requested_at"]
        if run.status == RunStatus.QUEUED:
            run.status, run.finished_at = RunStatus.CANCELLED, Now()
            fields += ["status", "finished_at"]
        run.save(update_fields=fields)
        if run.status == RunStatus.CANCELLED:
            _reopened(run)
        run.refresh_from_db()
    return run


def _reopened(run: SyncRun) -> None:
    """Reopen the failure that the run was started to replay."""
    if run.replay_of_id is not None:
        rows = JobFailure.objects.filter(pk=run.replay_of_id, status=FailureStatus.REPLAYING)
        rows.update(status=FailureStatus.OPEN)
