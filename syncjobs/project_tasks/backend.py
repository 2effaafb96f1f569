"""The backend for Django's setting TASKS. A project names it there and enqueues its own tasks.

`django.tasks` imports this module for every `manage.py` command. So it imports neither arq nor the
Redis client.
"""

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import connections, router, transaction
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.base import TaskResult, TaskResultStatus
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist
from django.tasks.signals import task_enqueued
from django.utils import timezone
from django.utils.json import normalize_json
from django.utils.module_loading import import_string

from syncjobs import sql
from syncjobs.backoff import CAP
from syncjobs.models import ProjectTask
from syncjobs.project_tasks import results
from syncjobs.project_tasks.results import AnyResult, AnyTask

MOST_TRIES = 100
BACKOFF = 10.0  # seconds before the second attempt where neither task nor backend say otherwise
OPTIONS = ("max_tries", "backoff")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTask(AnyTask):
    """A task with its own number of attempts and its own backoff.

    `max_tries` counts the first attempt, too. `backoff` is the wait in seconds before the second
    attempt; it doubles with each further one. None means the backend's option.
    """

    max_tries: int | None = None
    backoff: float | None = None

    def using(self, **changes: Any) -> "LedgerTask":
        """A copy of the task with these fields changed: `priority`, `queue_name`, `run_after`,
        `backend`, `max_tries`, `backoff`. Raises InvalidTask."""
        return replace(
            self, **{name: value for name, value in changes.items() if value is not None}
        )


class LedgerBackend(BaseTaskBackend):
    """Stores tasks in the table `project_tasks`, from which finley's workers run them."""

    task_class = LedgerTask
    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def validate_task(self, task: AnyTask) -> None:
        """Raises InvalidTask if the backend cannot run the task."""
        super().validate_task(task)
        if wrong := _wrong(getattr(task, "max_tries", None), getattr(task, "backoff", None)):
            raise InvalidTask(wrong)

    def enqueue(self, task: AnyTask, args: Any, kwargs: Any) -> AnyResult:
        """Write the task in the caller's transaction on the current role's alias. A worker gets it
        after the commit; a rollback enqueues nothing.

        Raises InvalidTask, and TypeError for arguments that are not JSON.
        """
        self.validate_task(task)
        values = self._columns(task, args, kwargs)
        alias = router.db_for_write(ProjectTask)
        with connections[alias].cursor() as cursor:
            cursor.execute(sql.read("project_tasks/enqueued"), values)
        transaction.on_commit(partial(_wake, values["id"], task.run_after), using=alias)
        result = self._new_result(task, values)
        task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> AnyResult:
        """The task's result as it is now, read as the owner. Raises TaskResultDoesNotExist, also
        for a task whose transaction is not committed yet."""
        try:
            key = UUID(str(result_id))
        except ValueError:
            raise TaskResultDoesNotExist(result_id) from None
        row = ProjectTask.objects.using(results.ROLE).filter(pk=key, backend=self.alias).first()
        if row is None:
            raise TaskResultDoesNotExist(result_id)
        return results.result_of(row, results.task_of(row))

    def tries_of(self, task: AnyTask) -> int:
        """How many attempts the task has: its own number, or the backend's option, or
        ARQ_MAX_TRIES."""
        own = getattr(task, "max_tries", None)
        return int(own or self.options.get("max_tries") or settings.ARQ_MAX_TRIES)

    def backoff_of(self, task: AnyTask) -> float:
        """The seconds before the task's second attempt."""
        own = getattr(task, "backoff", None)
        return float(self.options.get("backoff", BACKOFF) if own is None else own)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Return an error for each option in the setting TASKS that is unknown or not possible."""
        texts = [f"unknown option {name!r}." for name in self.options if name not in OPTIONS]
        wrong = _wrong(self.options.get("max_tries"), self.options.get("backoff"))
        hint = f"The options are {' and '.join(OPTIONS)}."
        return [
            Error(f"TASKS[{self.alias!r}]: {text}", hint=hint, id="syncjobs.E101")
            for text in [*texts, wrong]
            if text
        ]

    def _columns(self, task: AnyTask, args: Any, kwargs: Any) -> dict[str, Any]:
        return {
            "id": uuid4(),
            "path": task.module_path,
            "args": json.dumps(normalize_json(list(args))),
            "kwargs": json.dumps(normalize_json(dict(kwargs))),
            "backend": self.alias,
            "queue": task.queue_name,
            "priority": task.priority,
            "run_after": task.run_after,
            "max_tries": self.tries_of(task),
            "backoff": self.backoff_of(task),
            "enqueued_at": timezone.now(),
        }

    def _new_result(self, task: AnyTask, values: dict[str, Any]) -> AnyResult:
        return TaskResult(
            task=task,
            id=str(values["id"]),
            status=TaskResultStatus.READY,
            enqueued_at=values["enqueued_at"],
            started_at=None,
            last_attempted_at=None,
            finished_at=None,
            args=json.loads(values["args"]),
            kwargs=json.loads(values["kwargs"]),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )


def _wrong(max_tries: Any, backoff: Any) -> str:
    """What is wrong with the number of attempts or the backoff; "" if nothing is."""
    if max_tries is not None and not (type(max_tries) is int and 1 <= max_tries <= MOST_TRIES):
        return f"max_tries must be a whole number between 1 and {MOST_TRIES}."
    if backoff is not None and not (type(backoff) in (int, float) and 0 <= backoff <= CAP):
        return f"backoff must be a number of seconds between 0 and {CAP:g}."
    return ""


def _wake(task_id: UUID, run_after: Any) -> None:
    """Enqueue the task's job in Redis. The code is imported only now, because Redis' client loads
    slowly."""
    import_string("syncjobs.project_tasks.enqueue_tasks.enqueue")(task_id, 0, run_after)


__all__ = ["LedgerBackend", "LedgerTask"]
