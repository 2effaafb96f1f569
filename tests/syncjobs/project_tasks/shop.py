"""The tasks of a project, as its own app would declare them."""

import time
from typing import Any

from django.tasks import TaskContext, task

from graph.database import role
from syncjobs.errors import Permanent

calls: list[Any] = []


@task
def add(left: int, right: int) -> int:
    return left + right


@task
async def add_async(left: int, right: int) -> int:
    return left + right


@task(takes_context=True)
def attempt_of(context: TaskContext) -> list[Any]:
    return [context.attempt, context.task_result.id, role.is_owner()]


@task
def note(name: str) -> None:
    calls.append(name)


@task(max_tries=3, backoff=0.001)
def fail_until(attempt: int) -> str:
    calls.append(attempt)
    if len(calls) < attempt:
        raise ValueError("password=hunter2 was refused")
    return "at last"


@task(max_tries=3)
def refuse() -> None:
    raise Permanent("There is no such customer.")


@task(max_tries=3)
def return_function() -> Any:
    return add


@task
def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"
