"""Changes the state of a project's tasks in the database, as the owner.

All functions may raise django.db's OperationalError or InterfaceError.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.models.functions import Now

from syncjobs import backoff, sql
from syncjobs.failures import record
from syncjobs.failures.record import Trouble
from syncjobs.models import JobFailure, ProjectTask
from syncjobs.models.choices import FailureStatus, TaskStatus
from syncjobs.project_tasks.results import ROLE

KEPT = 10  # newest errors of a task that are stored
DIED = "The worker died or stalled during attempt {tries}. Look at its log ({worker})."


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended: with the task's return value as JSON text, or with `trouble`.

    `error_path` is the path of the exception's class. After a permanent error there is no other
    attempt. `after` is the wait in seconds for which the task asked.
    """

    return_value: str = "null"
    trouble: Trouble | None = None
    error_path: str = ""
    is_permanent: bool = False
    after: float | None = None


def claimed(worker: str) -> ProjectTask | None:
    """Lease the most important due task to this worker. None if no task is due."""
    rows = _tasks("project_tasks/claimed", {"worker": worker, "lease": settings.SYNC_LEASE})
    return rows[0] if rows else None


def renewed(claim: ProjectTask) -> bool:
    """Renew the lease. False if the attempt is not the task's newest any more."""
    return _changed("project_tasks/renewed", {**_key(claim), "lease": settings.SYNC_LEASE})


def handed_back(claim: ProjectTask) -> bool:
    """End the attempt so that it does not count, and let the task wait."""
    return _changed("project_tasks/handed_back", _key(claim))


def recorded(claim: ProjectTask, end: End) -> ProjectTask | None:
    """Record the attempt's end in one transaction. The task is then successful, waits for its next
    attempt, or failed with a dead letter.

    Returns the task's row after that; None if the attempt was not the newest any more.
    """
    with transaction.atomic(using=ROLE):
        rows = ProjectTask.objects.using(ROLE).select_for_update(of=("self",))
        row = rows.filter(pk=claim.pk, fence=claim.fence, status=TaskStatus.RUNNING).first()
        if row is not None:
            _write(row, end)
    return row


def stranded(limit: int) -> list[ProjectTask]:
    """Give tasks whose lease has expired another attempt, or fail them if no attempt is left.
    Return their rows after that."""
    with transaction.atomic(using=ROLE):
        rows = _tasks("project_tasks/stranded", {"limit": limit})
        for row in rows:
            text = DIED.format(tries=row.tries, worker=row.worker_ids[-1])
            trouble = Trouble("WorkerLost", text)
            _write(row, End(trouble=trouble, error_path="builtins.RuntimeError"))
    return rows


def waiting(age: float, limit: int) -> list[tuple[Any, ...]]:
    """(id, fence, due_at) of at most `limit` tasks that have been due for `age` seconds."""
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("project_tasks/waiting"), {"age": age, "limit": limit})
        return list(cursor.fetchall())


def again(failure_id: UUID, not_before: datetime | None) -> ProjectTask | None:
    """Let the failed task of this dead letter wait again, with its count of attempts at 0, in the
    caller's transaction. None if the task does not exist any more."""
    rows = ProjectTask.objects.using(ROLE).filter(failure=failure_id, status=TaskStatus.FAILED)
    changed = rows.update(
        status=TaskStatus.READY, tries=0, finished_at=None, due_at=not_before or Now()
    )
    return ProjectTask.objects.using(ROLE).get(failure=failure_id) if changed else None


def _write(row: ProjectTask, end: End) -> None:
    row.lease_until = None
    if end.trouble is None:
        row.status, row.finished_at = TaskStatus.SUCCESSFUL, Now()
        row.return_value = end.return_value
        _resolve(row)
    else:
        _write_error(row, end, end.trouble)
    row.save(using=ROLE)
    row.refresh_from_db(using=ROLE)


def _write_error(row: ProjectTask, end: End, trouble: Trouble) -> None:
    text = trouble.traceback or f"{trouble.error}\n"
    error = {"exception_class_path": end.error_path, "traceback": text}
    row.errors = [*row.errors, error][-KEPT:]
    if end.is_permanent or row.tries >= row.max_tries:
        row.status, row.finished_at = TaskStatus.FAILED, Now()
        row.failure_id = record.of_task(row, trouble)
    else:
        wait = min(backoff.wait(row.backoff, row.tries, end.after), backoff.CAP)
        row.status, row.due_at = TaskStatus.READY, Now() + timedelta(seconds=wait)


def _resolve(row: ProjectTask) -> None:
    """Resolve the dead letter of a task that succeeded after all."""
    if row.failure_id is None:
        return
    unsettled = (FailureStatus.OPEN, FailureStatus.IGNORED, FailureStatus.REPLAYING)
    rows = JobFailure.objects.using(ROLE).filter(pk=row.failure_id, status__in=unsettled)
    rows.update(status=FailureStatus.RESOLVED, settled_at=Now(), note=f"Task {row.pk} succeeded.")


def _key(claim: ProjectTask) -> dict[str, Any]:
    return {"task": claim.pk, "fence": claim.fence}


def _tasks(name: str, values: dict[str, Any]) -> list[ProjectTask]:
    return list(ProjectTask.objects.using(ROLE).raw(sql.read(name), values))


def _changed(name: str, values: dict[str, Any]) -> bool:
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read(name), values)
        return bool(cursor.rowcount)
