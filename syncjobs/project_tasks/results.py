"""A row of `project_tasks` as Django's Task and TaskResult."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from django.tasks import task_backends
from django.tasks.base import Task, TaskError, TaskResult, TaskResultStatus
from django.tasks.exceptions import InvalidTask
from django.utils.module_loading import import_string

from syncjobs.models import ProjectTask

if TYPE_CHECKING:
    AnyTask = Task[Any, Any]
    AnyResult = TaskResult[Any, Any]
else:
    AnyTask, AnyResult = Task, TaskResult

ROLE = "owner"


def task_of(row: ProjectTask) -> AnyTask:
    """The task of the row, as it was enqueued.

    Raises ImportError if its module or function is gone, and InvalidTask if the path names no task,
    or one that its backend does not accept any more.
    """
    task = import_string(row.path)
    if not isinstance(task, Task):
        raise InvalidTask(f"{row.path} is not a task.")
    changes = {name: value for name, value in _fields(row).items() if getattr(task, name) != value}
    if changes:
        task = replace(task, **changes)
    own = _tries(row, task)
    return replace(task, **own) if own else task


def _fields(row: ProjectTask) -> dict[str, Any]:
    return {
        "priority": row.priority,
        "queue_name": row.queue,
        "run_after": row.run_after,
        "backend": row.backend,
    }


def _tries(row: ProjectTask, task: AnyTask) -> dict[str, Any]:
    """The task's fields `max_tries` and `backoff` that differ from the row's."""
    backend = cast(Any, task_backends[row.backend])
    values: dict[str, Any] = {}
    if hasattr(task, "max_tries") and backend.tries_of(task) != row.max_tries:
        values["max_tries"] = row.max_tries
    if hasattr(task, "backoff") and backend.backoff_of(task) != row.backoff:
        values["backoff"] = row.backoff
    return values


def result_of(row: ProjectTask, task: AnyTask) -> AnyResult:
    """The result of the row's task."""
    result: AnyResult = TaskResult(
        task=task,
        id=str(row.pk),
        status=TaskResultStatus(row.status),
        enqueued_at=row.enqueued_at,
        started_at=row.started_at,
        last_attempted_at=row.last_attempted_at,
        finished_at=row.finished_at,
        args=json.loads(row.args),
        kwargs=json.loads(row.kwargs),
        backend=row.backend,
        errors=[TaskError(**error) for error in row.errors],
        worker_ids=list(row.worker_ids),
    )
    value = json.loads(row.return_value) if row.return_value is not None else None
    object.__setattr__(result, "_return_value", value)  # as Django's own backends set it
    return result
