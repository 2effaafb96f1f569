"""Runs the function of one task, in the thread that calls it."""

import json
import logging
from typing import Any

from django.db import connections
from django.tasks import task_backends
from django.tasks.base import TaskContext
from django.tasks.signals import task_finished, task_started
from django.utils.json import normalize_json

from syncjobs.errors import Permanent, Transient
from syncjobs.failures.record import trouble_of
from syncjobs.models import ProjectTask
from syncjobs.models.choices import TaskStatus
from syncjobs.project_tasks import results
from syncjobs.project_tasks.results import AnyResult, AnyTask
from syncjobs.project_tasks.task_state import End

log = logging.getLogger(__name__)


class TaskFailed(Exception):
    """A task failed for good. The message is its last error without secrets."""


def execute(claim: ProjectTask) -> End:
    """Run the task and return how the attempt ended. Raises nothing.

    The thread's database connections are closed at the end.
    """
    try:
        task = results.task_of(claim)
        result = results.result_of(claim, task)
    except Exception as error:  # noqa: BLE001 - whatever the task's module raises
        return _error(error, is_permanent=True)
    try:
        return _called(task, result)
    except BaseException as error:  # noqa: BLE001 - a task may call sys.exit()
        return _error(error, is_permanent=isinstance(error, Permanent))
    finally:
        connections.close_all()


def _called(task: AnyTask, result: AnyResult) -> End:
    task_started.send(type(task.get_backend()), task_result=result)
    context: list[Any] = [TaskContext(task_result=result)] if task.takes_context else []
    value = task.call(*context, *result.args, **result.kwargs)
    try:
        return End(return_value=json.dumps(normalize_json(value)))
    except (TypeError, ValueError, RecursionError) as error:  # its work is done: no second attempt
        return _error(error, is_permanent=True)


def _error(error: BaseException, *, is_permanent: bool) -> End:
    kind = type(error)
    return End(
        trouble=trouble_of(error),
        error_path=f"{kind.__module__}.{kind.__qualname__}",
        is_permanent=is_permanent,
        after=error.after if isinstance(error, Transient) else None,
    )


def announce(row: ProjectTask) -> None:
    """Send Django's signal `task_finished` if the task has ended. A receiver that raises is
    logged."""
    if row.finished_at is None:
        return
    try:
        result = results.result_of(row, results.task_of(row))
    except Exception as error:  # noqa: BLE001 - the task cannot be loaded, so nobody awaits it
        log.warning("task %s: no signal of its end (%s)", row.pk, type(error).__name__)
        return
    sender = type(task_backends[row.backend])
    if row.status == TaskStatus.SUCCESSFUL:
        task_finished.send_robust(sender, task_result=result)
        return
    try:
        raise TaskFailed(row.errors[-1]["traceback"])
    except TaskFailed:  # Django logs the exception that is being handled
        task_finished.send_robust(sender, task_result=result)
